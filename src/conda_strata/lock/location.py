"""Where a package may be downloaded from: the rules for its URL."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from rattler import Channel, MatchSpec

from conda_strata.core import urls
from conda_strata.spec.channel_names import each_once
from conda_strata.spec.manifest import Manifest

CONDA_SCHEMES = ("https", "http", "file")
WHEEL_SCHEMES = ("https", "http")

_PLAIN = re.compile(r"[!-~]+")
_ENCODED_CONTROL = re.compile(r"%(?:[01][0-9a-f]|7f)", re.IGNORECASE)
_IN_CHANNEL = re.compile(r"[A-Za-z0-9_-]+/(?:(?!%2f|%5c)[^/?#\\])+", re.IGNORECASE)
_HARMLESS = r"(?!t/)[A-Za-z0-9_-]+/[A-Za-z0-9._+!=~-]+"
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


class Channels:
    """The channels that packages may come from.

    Parameters
    ----------
    names
        Channel names or URLs.
    owner
        Who allows them, for messages: ``the lock`` or ``environment.yml``.
    """

    def __init__(self, names: Iterable[str], owner: str) -> None:
        self.names = tuple(names)
        self.owner = owner
        self._urls = [channel_url(name) for name in self.names]
        # A lock holds thousands of records; one match decides for nearly all of them.
        safe = [re.escape(u) for u in self._urls if location_fault(u, CONDA_SCHEMES) is None]
        self._harmless = re.compile(f"(?:{'|'.join(safe)}){_HARMLESS}" if safe else "(?!)")

    def fault(self, url: str) -> str | None:
        """Return what is wrong with the *url* of a conda package; None when nothing is."""
        if self._harmless.fullmatch(url):
            return None
        if fault := location_fault(url, CONDA_SCHEMES):
            return fault
        plain = normal(url)
        inside = [plain.removeprefix(base) for base in self._urls if plain.startswith(base)]
        if any(_IN_CHANNEL.fullmatch(rest) for rest in inside):
            return None
        named = ", ".join(map(shown, self.names)) or "it has none"
        folder = url.rpartition("/")[0]
        return f"its location {shown(folder)} is not under a channel of {self.owner} ({named})"


def of_manifest(manifest: Manifest) -> tuple[str, ...]:
    """Return the URLs of the manifest's channels, then those that only a dependency names."""
    found = [Channel(name).base_url for name in manifest.channels]
    texts = (spec.text for specs in manifest.environments.values() for spec in specs)
    specs = (MatchSpec(text) for text in texts if "::" in text or "[" in text)
    found += [spec.channel.base_url for spec in specs if spec.channel]
    return tuple(each_once(found))


def location_fault(url: str, schemes: Sequence[str]) -> str | None:
    """Return what is wrong with *url* wherever it points to; None when nothing is."""
    if not is_plain(url):
        return f"its location {shown(url)} has white space or control characters"
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return f"its location {shown(url)} is no URL"
    if parts.scheme not in schemes:
        return f"its location {shown(url)} is not https"
    if "#" in url:
        return f"its location {shown(url)} has a fragment (#)"
    if urls.has_credentials(url):
        return f"its location {shown(url)} holds credentials"
    if parts.scheme == "file":
        return None
    if not host:
        return f"its location {shown(url)} has no host"
    if not urls.is_encrypted(url):
        return (
            f"its location {shown(url)} is not encrypted (https; {urls.ALLOW_HTTP}=1 allows "
            "http where you trust the whole way to it)"
        )
    return None


def is_plain(url: str) -> bool:
    """Whether *url* has neither white space nor control characters, encoded ones included."""
    return bool(_PLAIN.fullmatch(url)) and not _ENCODED_CONTROL.search(url)


def channel_url(name: str) -> str:
    """Return the URL of a channel with a slash at its end."""
    try:
        url = Channel(name).base_url
    except Exception:  # noqa: BLE001 - rattler's own kinds; what is no channel holds no package
        url = name
    return normal(url).rstrip("/") + "/"


def normal(url: str) -> str:
    """Return *url* with its scheme and host in small letters and without a needless port."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    host = parts.netloc.lower().removesuffix(_DEFAULT_PORTS.get(parts.scheme, "\0"))
    return parts._replace(netloc=host).geturl()


def shown(text: str | Path) -> str:
    """Return *text* without credentials, and with what a terminal would obey written out."""
    clean = urls.without_credentials(str(text))
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in clean)
