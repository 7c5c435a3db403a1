"""Docker: whether it answers, can build, and has room for the project's images."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from conda_strata.core import container
from conda_strata.core.text import megabytes
from conda_strata.doctor.finding import Finding, ok, warning
from conda_strata.image.local import BUILDX
from conda_strata.lock.model import Lock

UNPACKED = 3.6
"""What scientific packages take on a disk, in sizes of their archives; Docker keeps both."""

BASE = 800_000_000
"""What the dev image takes below its environment, packed and unpacked."""

_ANSWERING = 10


def docker(lock: Lock | None) -> Iterator[Finding]:
    """Say whether Docker and buildx answer, and have room; strata works without them."""
    if not shutil.which("docker"):
        if container.inside():
            yield ok("docker", "not here, and not needed inside a container")
        else:
            fix = "Install it to build or pull the project's images; 'strata install' needs none."
            yield warning("docker", "docker is not there", fix)
        return
    server = _answer("docker", "version", "--format", "{{.Server.Version}}")
    if server is None:
        yield warning("docker", "no Docker daemon answers", "Start Docker to build or pull images.")
    else:
        yield ok("docker", server)
        if lock:
            yield from _room(lock)
    buildx = _answer("docker", "buildx", "version")
    if buildx is None:
        yield warning(
            "buildx",
            "docker has no buildx, so images can be pulled and run, but not built here",
            BUILDX,
        )
    else:
        yield ok("buildx", buildx)


def _room(lock: Lock) -> Iterator[Finding]:
    """Say whether the largest image fits on Docker's disk, where that is a folder of this machine."""
    said = _answer("docker", "info", "--format", "{{.DockerRootDir}}")
    if not said or not said.startswith("/") or not (folder := Path(said)).is_dir():
        return
    packed = max(
        (
            sum(record.size or 0 for record in records)
            for solution in lock.environments.values()
            for subdir, records in solution.items()
            if subdir.startswith("linux")
        ),
        default=0,
    )
    needed = BASE + round(packed * (1 + UNPACKED))
    free = shutil.disk_usage(folder).free
    what = f"{folder} has {megabytes(free)} free"
    asks = f"the largest image takes some {megabytes(needed)}, packed and unpacked"
    if free < needed:
        fix = "Make room: 'docker system df' says what is used, 'docker system prune' frees some."
        yield warning("room", f"{what}, and {asks}", fix)
    else:
        yield ok("room", f"{what}; {asks}")


def _answer(*command: str) -> str | None:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_ANSWERING
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = done.stdout.strip().splitlines()
    return lines[0] if done.returncode == 0 and lines else None
