"""Platforms and packages of pixi's locks that strata has no like of, each said once.

A platform of format 7 may have a name of its own (``linux-64-cuda``) beside its subdir.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rattler import LockFile, LockPlatform
from rattler.lock import CondaLockedSourcePackage

from conda_strata.core.log import logger
from conda_strata.lock.location import shown

_log = logger(__name__)


def chosen(environment: str, platforms: Iterable[LockPlatform]) -> dict[str, LockPlatform]:
    """Return subdir to the platform that stands for it: the one of that name, else the first.

    Parameters
    ----------
    environment
        Whose platforms they are, for the warning; nothing for none.
    """
    found: dict[str, LockPlatform] = {}
    for platform in sorted(platforms, key=lambda one: one.name != str(one.subdir)):
        kept = found.setdefault(str(platform.subdir), platform)
        if environment and kept.name != platform.name:
            _log.warning(
                "the platform %s of the environment %s is left out: for %s, %s is taken",
                platform.name,
                environment,
                platform.subdir,
                kept.name,
            )
    return dict(sorted(found.items()))


def sources(file: LockFile, path: Path) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return the packages to be built from source, and name them: nothing else here sees them."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    named: dict[str, None] = {}
    for name, environment in file.environments():
        for subdir, platform in chosen("", environment.platforms()).items():
            packages = environment.packages(platform) or []
            names = [p.name for p in packages if isinstance(p, CondaLockedSourcePackage)]
            if names:
                found.setdefault(name, {})[subdir] = tuple(names)
                named |= dict.fromkeys(names)
    if named:
        _log.warning(
            "%s: %s: pixi builds that from source; strata leaves it out",
            path,
            ", ".join(map(shown, named)),
        )
    return found
