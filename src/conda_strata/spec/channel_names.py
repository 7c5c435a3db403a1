"""Channels as they are written: names, URLs, and what conda calls ``defaults``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from conda_strata.core import urls
from conda_strata.core.errors import ManifestError

DEFAULTS = "defaults"

_ANACONDA = "https://repo.anaconda.com/pkgs"
_OF_DEFAULTS = ("main", "r", "msys2")
_NAME = re.compile(r"[A-Za-z0-9_.-]+(?:\[[A-Za-z0-9_, -]+\])?")
_ODD_IN_URL = re.compile(r"[?#]|%(?:[01][0-9a-f]|20|7f)", re.IGNORECASE)


def expanded(channel: str) -> list[str]:
    """Return the channels that *channel* means: ``defaults`` are those of Anaconda."""
    if channel == DEFAULTS:
        return [f"{_ANACONDA}/{name}" for name in _OF_DEFAULTS]
    if found := re.fullmatch(r"pkgs/([a-z0-9]+)", channel):
        return [f"{_ANACONDA}/{found[1]}"]
    return [channel]


def of_package(channel: str, package: str) -> str:
    """Return the channel that ``channel::package`` means."""
    if channel == DEFAULTS:
        is_r = package == "r" or package.startswith("r-")
        return f"{_ANACONDA}/{'r' if is_r else 'main'}"
    return expanded(channel)[0]


def canonical(channel: str) -> str:
    """Return the URL of a channel in one spelling: host in small letters, no slash at its end."""
    from rattler import Channel

    url = urlsplit(Channel(channel).base_url)
    host = url.netloc.lower().removesuffix({"http": ":80", "https": ":443"}.get(url.scheme, "\0"))
    return url._replace(netloc=host, path=re.sub("/+", "/", url.path).rstrip("/")).geturl()


def each_once(channels: Iterable[str]) -> list[str]:
    """Return *channels* without those that are an earlier one in another spelling."""
    found: dict[str, str] = {}
    for channel in channels:
        found.setdefault(canonical(channel), channel)
    return list(found.values())


def check(channel: str, where: str) -> None:
    """Refuse what is no channel, holds credentials, or is not encrypted.

    Raises
    ------
    ManifestError
        With *where* it stands, and without the credentials.
    """
    from rattler import Channel
    from rattler.exceptions import InvalidChannelError, InvalidUrlError

    fix = "Name it like 'conda-forge', or write its URL: https://HOST/CHANNEL."
    if found := re.search(r"\$(?:\w+|\{\w+\})", channel):
        raise ManifestError(
            f"{where}: the channel holds the variable {found[0]}, so it could be another one on each "
            "machine",
            "Write its host out; a login is given to rattler ('pixi auth login'), not written here.",
        )
    refuse_credentials(channel, where, "a channel's URL")
    shown = repr(channel) if is_plain(channel) else "this"
    try:
        url = Channel(channel).base_url
        scheme = urlsplit(url).scheme
    except (InvalidChannelError, InvalidUrlError, ValueError) as error:
        raise ManifestError(f"{where}: {shown} is neither a name nor a URL", fix) from error
    is_name = not re.search(r"[/\\]", channel)
    is_odd = scheme != "file" and _ODD_IN_URL.search(url)
    if is_odd or (is_name and not _NAME.fullmatch(channel)):
        raise ManifestError(f"{where}: {shown} is neither a name nor a URL of a channel", fix)
    if scheme not in {"https", "http", "file"}:
        raise ManifestError(f"{where}: a channel's URL starts with https://, not {scheme}:", fix)
    if "://" in channel:
        urls.require_safe([channel], where)


def refuse_credentials(text: str, where: str, what: str) -> None:
    """Refuse *text*, which is *what*, when it holds a password or a token.

    Raises
    ------
    ManifestError
        With *where* it stands, and without the credentials.
    """
    if urls.mentions_credentials(text):
        raise ManifestError(
            f"{where}: {what} holds credentials",
            "Take them out and use rattler's or conda's login ('pixi auth login'), "
            "or uv's, never a file under version control.",
        )


def is_plain(text: str) -> bool:
    """Whether *text* can be shown; an odd URL could hold a secret anywhere."""
    return not re.search(r"[@?]|//|\\|/t/", text)
