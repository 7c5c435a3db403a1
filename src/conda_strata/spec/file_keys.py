"""The keys of an environment file, and those that are nearly one of them."""

from __future__ import annotations

from conda_strata.core.errors import ManifestError
from conda_strata.spec.nearest import nearest

KNOWN = {
    "name",
    "channels",
    "platforms",
    "dependencies",
    "variables",
    "exclude-newer",
    "link-scripts",
    "build",
}

_OF_OTHERS = {"prefix", "category", "pip-repositories", "source", "channel_priority"}
"""Keys of other tools, which are like one of ours by chance."""

_PIP = "pip"
_ANYTHING = "x-"
"""What keys begin with that only hold anchors, as in Docker's compose files."""


def refuse_near_miss(name: str, where: str) -> None:
    """Refuse a key that is most likely a known one with a slip: what it holds would be lost.

    Raises
    ------
    ManifestError
        With the key that is meant.
    """
    if name in _OF_OTHERS or name == _PIP or name.startswith(_ANYTHING):
        return
    if meant := nearest(name.replace("_", "-"), KNOWN):
        raise ManifestError(
            f"{where}: {name!r} is no key of an environment file", f"Write {meant[0]!r}."
        )


def refuse_lost_packages(name: str, where: str, *, has_dependencies: bool) -> None:
    """Refuse a key whose list must be one of packages: they would be lost.

    Parameters
    ----------
    name, where
        A key that is not known and holds a list.
    has_dependencies
        Whether the file has the key ``dependencies``.

    Raises
    ------
    ManifestError
        With the place for the list.
    """
    if name == _PIP:
        raise ManifestError(
            f"{where}: 'pip' is no key of an environment file",
            "Write it as an entry of the dependencies, '- pip:', and indent its list below that.",
        )
    if not has_dependencies and not name.startswith(_ANYTHING):
        raise ManifestError(
            f"{where}: {name!r} is no key of an environment file, and 'dependencies' is missing",
            "Write 'dependencies', if these are the packages.",
        )
