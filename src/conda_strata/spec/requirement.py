"""What a requirement (PEP 508) of a ``pip:`` list may be, and what to do about the others."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from conda_strata.core import urls
from conda_strata.core.errors import ManifestError
from conda_strata.spec.channel_names import is_plain, refuse_credentials

if TYPE_CHECKING:
    from packaging.requirements import Requirement

_REPOSITORY = r"(?:^|@\s*)(?:git|hg|svn|bzr)(?:\+|://|@)"
_WHEEL_URL = r"https?://\S+\.whl(?:#\S*)?"
_SOURCE_URL = r"https?://\S+\.(?:tar\.gz|zip)(?:#\S*)?"
_COMMIT = r"git\+https://github\.com/([\w.-]+)/([\w.-]+?)(?:\.git)?@([0-9a-f]{40})(?:#\S*)?"
_BUILD_IT = (
    "Make a wheel of it once ('pip wheel --no-deps URL'), put that where everybody can reach it "
    "(such as a release of the repository), and write 'NAME @ https://HOST/FILE.whl'."
)


def checked(text: str, where: str) -> str:
    """Return the requirement that *text* means.

    Raises
    ------
    ManifestError
        When it is none, or one that no hash can be locked for: with *where* it stands, and without
        credentials.
    """
    from packaging.requirements import InvalidRequirement, Requirement

    # uv reads requirements line by line, and a marker may have quotes around any character
    if not text.isprintable():
        raise ManifestError(f"{where}: a requirement has a control character", "Take it out.")
    if re.search(_REPOSITORY, text):
        _refuse_repository(text, where)
    refuse_credentials(text, where, "a requirement")
    if re.fullmatch(_WHEEL_URL, text):
        text = f"{_name_of_wheel(text, where)} @ {text}"
    if re.fullmatch(_SOURCE_URL, text):
        text = f"{_name_of_sources(text, where)} @ {text}"
    try:
        requirement = Requirement(text)
    except (InvalidRequirement, RecursionError) as error:
        shown = repr(text) if is_plain(text) else "this"
        raise ManifestError(
            f"{where}: {shown} is no requirement that can be locked", _fix(text)
        ) from error
    if requirement.url:
        _check_url(requirement, where)
    return text


def normalized(name: str) -> str:
    """Return a name as Python indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def require_built(text: str, where: str, built: Collection[str]) -> None:
    """Refuse an archive of sources of a package that is not among the normalized names *built*.

    Raises
    ------
    ManifestError
        With the line that allows it.
    """
    name, _, url = text.partition("@")
    name = name.partition("[")[0].strip()
    if re.fullmatch(_SOURCE_URL, url.partition(";")[0].strip()) and normalized(name) not in built:
        raise ManifestError(
            f"{where}: {name} comes from an archive of sources, not from a wheel",
            f"To have it built where it is installed, add the line 'build: [{name}]'. Or: {_BUILD_IT}",
        )


def _check_url(requirement: Requirement, where: str) -> None:
    url = requirement.url or ""
    if not (re.fullmatch(_WHEEL_URL, url) or re.fullmatch(_SOURCE_URL, url)):
        raise ManifestError(f"{where}: {requirement.name} does not come from a wheel", _BUILD_IT)
    urls.require_safe([url], where)


def _refuse_repository(text: str, where: str) -> None:
    name = re.match(r"([A-Za-z0-9][\w.-]*)\s*@", text) or re.search(r"#egg=([\w.-]+)", text)
    shown = name[1] if name else "this"
    fix = f"Name a released version of it. {_BUILD_IT}"
    if found := re.search(_COMMIT, text):
        owner, repository, commit = found.groups()
        shown = name[1] if name else repository
        fix = (
            f"Write '{shown} @ https://github.com/{owner}/{repository}/archive/{commit}.tar.gz', which "
            f"has a hash, and the line 'build: [{shown}]'."
        )
    raise ManifestError(
        f"{where}: {shown} does not come from a wheel: what a repository gives is built anew on "
        "each machine, so that it has no hash to lock",
        fix,
    )


def _name_of_sources(url: str, where: str) -> str:
    from packaging.utils import InvalidSdistFilename, parse_sdist_filename

    file = unquote(urlsplit(url).path.rpartition("/")[2])
    try:
        return str(parse_sdist_filename(file)[0])
    except InvalidSdistFilename as error:
        raise ManifestError(
            f"{where}: an archive of sources without a name", "Write 'NAME @ URL'."
        ) from error


def _name_of_wheel(url: str, where: str) -> str:
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    file = unquote(urlsplit(url).path.rpartition("/")[2])
    try:
        return str(parse_wheel_filename(file)[0])
    except InvalidWheelFilename as error:
        raise ManifestError(
            f"{where}: {file!r} is no name of a wheel",
            "It is called NAME-VERSION-PYTHON-ABI-PLATFORM.whl.",
        ) from error


def _fix(text: str) -> str:
    if found := re.fullmatch(r"([\w.-]+(?:\[[\w, -]+\])?)\s*=\s*([\w.]+)", text):
        return f"One '=' is conda's: write '{found[1]}=={found[2]}'."
    if "::" in text:
        return "'CHANNEL::PACKAGE' is a conda package: move it out of the 'pip:' list."
    return (
        "Name a package as in 'rich >=13'. Folders and git repositories have no hash to lock; "
        "install your own code with the project."
    )
