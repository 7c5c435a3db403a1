"""A dependency as it is written in an environment file, and what is allowed there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from conda_strata.core import urls
from conda_strata.core.errors import ManifestError
from conda_strata.spec import selectors

_NAME = re.compile(r"[A-Za-z0-9_.-]+")


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
    """Refuse what is no conda MatchSpec, or names a channel that is not allowed.

    Raises
    ------
    ManifestError
        With *where* it stands.
    """
    from rattler import MatchSpec
    from rattler.exceptions import InvalidMatchSpecError

    try:
        channel = MatchSpec(text).channel
    except InvalidMatchSpecError as error:
        reason = str(error).splitlines()[0]
        raise ManifestError(
            f"{where}: {text!r} is no package spec: {reason}",
            "Write it like 'numpy', 'numpy >=2' or 'numpy =2.1'.",
        ) from error
    if channel:
        check_channel(channel.base_url, where)


def check_requirement(text: str, where: str) -> None:
    """Refuse what is no requirement (PEP 508), or one that no hash can be locked for.

    Raises
    ------
    ManifestError
        With *where* it stands.
    """
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        raise ManifestError(
            f"{where}: {text!r} is no requirement that can be locked",
            "Name a package as in 'rich >=13'. Options, other files, folders and git "
            "repositories have no hash to lock; install your own code with the project.",
        ) from error
    if requirement.url and not re.match(r"https?://.+\.whl(#|$)", requirement.url):
        raise ManifestError(
            f"{where}: {requirement.name} does not come from a wheel",
            "Only wheels can be locked: name a version, or the URL of a wheel.",
        )


def check_channel(channel: str, where: str) -> None:
    """Refuse a channel whose URL holds credentials, or is not encrypted.

    Raises
    ------
    ManifestError
        With *where* it stands, and without the credentials.
    """
    if urls.has_credentials(channel):
        raise ManifestError(
            f"{where}: a channel's URL holds credentials",
            "Take them out: they belong into rattler's or conda's login ('pixi auth login'), "
            "not into a file under version control.",
        )
    urls.require_safe([channel], where)


@cache
def package_name(spec: str) -> str:
    """Return the package that a MatchSpec such as ``conda-forge::numpy >=2`` asks for."""
    found = _NAME.match(spec.strip().rpartition("::")[2])
    return found[0].lower() if found else ""
