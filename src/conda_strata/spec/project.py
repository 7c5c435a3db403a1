"""Where the project is: commands work in its subfolders too, as those of git and uv do."""

from __future__ import annotations

import os
import stat
from pathlib import Path

_MARKS = ("environment.yml", "strata.lock")


def folder() -> Path:
    """Return the project's folder, relative to the current one where it is that or above it.

    It is the nearest folder with an environment file or a lock. The search ends at the top of a git
    repository. A folder that many may write to, such as ``/tmp``, is taken only by those in it.
    Where there is no project, it is the current folder.
    """
    here = Path.cwd()
    for place in (here, *here.parents):
        if place != here and _is_shared(place):
            break
        if any((place / mark).exists() for mark in _MARKS) or any(place.glob("environment-*.yml")):
            return Path(os.path.relpath(place, here))
        if (place / ".git").exists():
            break
    return Path()


def _is_shared(place: Path) -> bool:
    return bool(place.stat().st_mode & stat.S_ISVTX)
