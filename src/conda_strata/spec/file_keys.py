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

_OF_OTHERS = {"prefix", "category", "pip-repositories", "source", "channel_priority", "pip"}
"""Keys of other tools, which are like one of ours by chance."""


def refuse_near_miss(name: str, where: str) -> None:
    """Refuse a key that is most likely a known one with a slip: what it holds would be lost.

    Raises
    ------
    ManifestError
        With the key that is meant.
    """
    if name in _OF_OTHERS:
        return
    if meant := nearest(name.replace("_", "-"), KNOWN):
        raise ManifestError(
            f"{where}: {name!r} is no key of an environment file", f"Write {meant[0]!r}."
        )
