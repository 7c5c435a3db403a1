"""What is missing or wrong on this machine and in this repository, and how to fix it.

Each check looks at one thing and returns findings; nothing is changed. What a check needs that
another one could not read is left out, so that one mistake is told once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from conda_strata.core.errors import UsageError
from conda_strata.doctor import docker, image, machine, network, prefix, project, workspace
from conda_strata.doctor.finding import Finding, Level, of_error
from conda_strata.spec import platforms

__all__ = ["Finding", "Level", "Request", "examine"]


@dataclass(frozen=True)
class Request:
    """What to look at.

    Attributes
    ----------
    files
        The environment files; those of the current folder when empty.
    lock
        The lock file.
    environment
        The environment that is meant to be installed; None for whichever is.
    prefix
        Where it is installed; None for the usual places.
    offline
        Whether to leave the network alone.
    """

    files: Sequence[Path]
    lock: Path
    environment: str | None
    prefix: Path | None
    offline: bool


def examine(request: Request) -> Iterator[Finding]:
    """Yield what each check finds, as it is found."""
    manifest, found = project.manifest(request.files)
    yield found
    lock, found = project.lock(request.lock)
    yield found
    if manifest and lock:
        yield project.up_to_date(manifest, lock)
    try:
        subdir = platforms.current()
    except UsageError as error:
        yield of_error("platform", error)
    else:
        if lock:
            yield project.platform(lock, subdir)
            yield from machine.virtual_packages(lock, subdir, request.environment)
            yield from prefix.prefix(lock, manifest, subdir, request.environment, request.prefix)
            yield from machine.uv(lock, subdir)
    yield from workspace.workspace(request.lock.absolute().parent)
    yield from machine.bash()
    yield from machine.cache(Path())
    config, found = network.configuration()
    yield found
    yield from network.proxies(config)
    if manifest and config and not request.offline:
        yield from network.channels(manifest)
    yield from docker.docker(lock)
    yield from image.image(request.lock.absolute().parent, offline=request.offline)
    yield from workspace.port()
    yield from project.git(request.lock)
