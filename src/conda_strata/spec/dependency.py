"""A dependency as it is written in an environment file, and what is allowed there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from conda_strata.core import urls
from conda_strata.core.errors import ManifestError
from conda_strata.spec import selectors

_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_CHANNEL = re.compile(r"[A-Za-z0-9_.-]+(?:\[[A-Za-z0-9_, -]+\])?")
_ODD_IN_URL = re.compile(r"[?#]|%(?:[01][0-9a-f]|20|7f)", re.IGNORECASE)
_URL = re.compile(r"[\[,]\s*url\s*=")


@dataclass(frozen=True)
class Spec:
    """One entry of ``dependencies:`` or of its ``pip:`` list, and where it was written.

    Attributes
    ----------
    text
        A conda MatchSpec, or a requirement as in PEP 508.
    selector
        The platform selector behind it, such as ``linux``.
    """

    text: str
    file: Path
    line: int
    selector: str | None = None

    @property
    def where(self) -> str:
        """The place of the spec, as ``file:line``."""
        return f"{self.file}:{self.line}"

    def applies(self, subdir: str) -> bool:
        """Whether the spec is meant for *subdir*."""
        return self.selector is None or selectors.holds(self.selector, subdir)


def check_match_spec(text: str, where: str) -> None:
    """Refuse what is no conda MatchSpec, or names a place that is not allowed.

    Raises
    ------
    ManifestError
        With *where* it stands, and without credentials.
    """
    from rattler import MatchSpec
    from rattler.exceptions import InvalidMatchSpecError

    _refuse_credentials(text, where, "a channel's URL" if "::" in text else "a dependency")
    try:
        spec = MatchSpec(text)
    except InvalidMatchSpecError as error:
        reason = str(error).splitlines()[0]
        what = f"{text!r} is no package spec: {reason}" if _is_plain(text) else "no package spec"
        raise ManifestError(
            f"{where}: {what}", "Write it like 'numpy', 'numpy >=2' or 'numpy =2.1'."
        ) from error
    if spec.channel:
        check_channel(spec.channel.base_url, where)
    if "[" in (canonical := str(spec)) and _URL.search(canonical):
        raise ManifestError(
            f"{where}: a package's URL cannot be locked, because its hash is in the channel",
            "Name the channel and the version: 'https://HOST/CHANNEL::numpy =2.1'.",
        )


def check_requirement(text: str, where: str) -> None:
    """Refuse what is no requirement (PEP 508), or one that no hash can be locked for.

    Raises
    ------
    ManifestError
        With *where* it stands, and without credentials.
    """
    from packaging.requirements import InvalidRequirement, Requirement

    _refuse_credentials(text, where, "a requirement")
    try:
        requirement = Requirement(text)
    except (InvalidRequirement, RecursionError) as error:
        shown = repr(text) if _is_plain(text) else "this"
        raise ManifestError(
            f"{where}: {shown} is no requirement that can be locked",
            "Name a package as in 'rich >=13'. Options, other files, folders and git "
            "repositories have no hash to lock; install your own code with the project.",
        ) from error
    if requirement.url:
        if not re.match(r"https?://.+\.whl(#|$)", requirement.url):
            raise ManifestError(
                f"{where}: {requirement.name} does not come from a wheel",
                "Only wheels can be locked: name a version, or the URL of a wheel.",
            )
        urls.require_safe([requirement.url], where)


def check_channel(channel: str, where: str) -> None:
    """Refuse what is no channel, holds credentials, or is not encrypted.

    Raises
    ------
    ManifestError
        With *where* it stands, and without the credentials.
    """
    from rattler import Channel
    from rattler.exceptions import InvalidChannelError, InvalidUrlError

    _refuse_credentials(channel, where, "a channel's URL")
    shown = repr(channel) if _is_plain(channel) else "this"
    fix = "Name it like 'conda-forge', or write its URL: https://HOST/CHANNEL."
    try:
        url = Channel(channel).base_url
        scheme = urlsplit(url).scheme
    except (InvalidChannelError, InvalidUrlError, ValueError) as error:
        raise ManifestError(f"{where}: {shown} is neither a name nor a URL", fix) from error
    is_name = not re.search(r"[/\\]", channel)
    is_odd = scheme != "file" and _ODD_IN_URL.search(url)
    if is_odd or (is_name and not _CHANNEL.fullmatch(channel)):
        raise ManifestError(f"{where}: {shown} is neither a name nor a URL of a channel", fix)
    if scheme not in {"https", "http", "file"}:
        raise ManifestError(f"{where}: a channel's URL starts with https://, not {scheme}:", fix)
    if "://" in channel:
        urls.require_safe([channel], where)


def _refuse_credentials(text: str, where: str, what: str) -> None:
    if urls.mentions_credentials(text):
        raise ManifestError(
            f"{where}: {what} holds credentials",
            "Take them out and use rattler's or conda's login ('pixi auth login'), "
            "or uv's, never a file under version control.",
        )


def _is_plain(text: str) -> bool:
    """Whether *text* can be shown; an odd URL could hold a secret anywhere."""
    return not re.search(r"[@?]|//|\\|/t/", text)


@cache
def package_name(spec: str) -> str:
    """Return the package that a MatchSpec such as ``conda-forge::numpy >=2`` asks for."""
    found = _NAME.match(spec.strip().rpartition("::")[2])
    return found[0].lower() if found else ""
