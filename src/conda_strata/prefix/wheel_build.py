"""Wheels made of source distributions, by uv and apart from the environment, where ``build:`` asks.

A build runs what the package brings. So the gate lets only those through that the environment file
names, and what comes out of a build is looked into as every other wheel is.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from conda_strata.core.errors import StrataError, WrongPlatformError
from conda_strata.core.log import logger
from conda_strata.pypi.uv import uv_command
from conda_strata.pypi.wheel import Wheel
from conda_strata.spec import platforms

_log = logger(__name__)

_EPOCH = "315532800"
"""1980-01-01, the earliest time that a zip archive can hold: builds that heed it are repeatable."""


def require_here(wheels: Sequence[Wheel], subdir: str) -> None:
    """Refuse to build for another platform: what a build makes is for the machine that runs it.

    Raises
    ------
    WrongPlatformError
        With the packages.
    """
    sources = [wheel.name for wheel in wheels if wheel.is_source]
    if sources and subdir != platforms.current():
        raise WrongPlatformError(
            f"{', '.join(sources)} (build:) cannot be built for {subdir} on {platforms.current()}: "
            "a build makes files for the machine that it runs on",
            f"Make these layers on {subdir}, or take the package as a wheel or from conda.",
        )


@contextmanager
def built(
    wheels: Sequence[Wheel], files: Sequence[Path], python: str
) -> Iterator[tuple[list[Wheel], list[Path]]]:
    """Yield *wheels* and *files* with wheels in the place of source distributions.

    What was built is gone when the context is left.

    Parameters
    ----------
    wheels, files
        What is installed, and its archives.
    python
        The Python to build with: its path, or its version.

    Raises
    ------
    StrataError
        When one cannot be built.
    """
    found, paths = list(wheels), list(files)
    with tempfile.TemporaryDirectory(prefix="strata-build-") as name:
        for place, wheel in enumerate(wheels):
            if wheel.is_source:
                made = _build(wheel, files[place], python, Path(name, str(place)))
                found[place], paths[place] = wheel._replace(built=made.name), made
        yield found, paths


def _build(wheel: Wheel, archive: Path, python: str, folder: Path) -> Path:
    folder.mkdir()
    words = ["build", "--wheel", "--no-progress", "--color", "never", "--python", python]
    command = uv_command(*words, "--out-dir", str(folder), str(archive))
    _log.warning("%s %s is built on this machine, from its sources", wheel.name, wheel.version)
    _log.debug("%s", shlex.join(command))
    environment = os.environ | {"SOURCE_DATE_EPOCH": _EPOCH}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    made = sorted(folder.glob("*.whl"))
    if done.returncode or len(made) != 1:
        raise StrataError(
            f"{wheel.name} {wheel.version} (build:) cannot be built: uv says\n{done.stderr.strip()}",
            "Install what its build needs, such as a compiler, or take it from conda.",
        )
    return made[0]
