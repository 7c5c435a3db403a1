"""Platforms and packages of pixi's locks that strata has no like of, each said once.

A platform of format 7 may have a name of its own (``linux-64-cuda``) beside its subdir.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path

from rattler import LockPlatform
from rattler.lock import CondaLockedSourcePackage, Environment

_log = logging.getLogger(__name__)


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


def warn_of_sources(
    path: Path,
    name: str,
    environment: Environment,
    platforms: Mapping[str, LockPlatform],
) -> None:
    """Say which packages are left out because they are built from sources."""
    for subdir, platform in platforms.items():
        packages = environment.packages(platform) or []
        sources = sorted({p.name for p in packages if isinstance(p, CondaLockedSourcePackage)})
        if sources:
            _log.warning(
                "%s: %s of the environment %s on %s is built from sources, and left out here",
                path,
                ", ".join(sources),
                name,
                subdir,
            )
