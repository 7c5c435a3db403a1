"""The lock file on the disk: rattler's lock format, which pixi reads too.

Version 7 is written, versions 6 and 7 are read. Each environment lists all its packages, so that
``dev`` repeats those of ``default`` by reference.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import yaml
from rattler import LockChannel, LockFile, LockPlatform, PypiLockedPackage
from rattler.exceptions import ParseCondaLockError

from conda_strata.errors import LockError, StaleLockError
from conda_strata.lock import Lock, Solution, Wheel, Wheels
from conda_strata.manifest import DEFAULT

FILE_NAME = "conda.lock"


def read(path: Path) -> Lock:
    """Read a lock file.

    Raises
    ------
    StaleLockError
        When there is none.
    LockError
        When it is no lock file.
    """
    if not path.exists():
        raise StaleLockError(f"{path} is missing", "Run 'strata lock' to make it.")
    try:
        file = LockFile.from_path(path)
    except (ParseCondaLockError, OSError) as error:
        raise LockError(
            f"{path} is not a lock that strata can read: {error}",
            "Restore it from git, or delete it and run 'strata lock'.",
        ) from error
    environments: dict[str, Solution] = {}
    wheels: dict[str, Wheels] = {}
    channels: list[str] = []
    for name, environment in sorted(file.environments(), key=lambda item: item[0] != DEFAULT):
        channels += [c for c in map(str, environment.channels()) if c not in channels]
        environments[name] = {
            platform.name: sorted(
                environment.conda_repodata_records_for_platform(platform) or [],
                key=lambda record: record.name.normalized,
            )
            for platform in environment.platforms()
        }
        wheels[name] = {
            platform.name: _wheels(environment.pypi_packages_for_platform(platform) or [])
            for platform in environment.platforms()
        }
    return Lock(environments, tuple(channels), path, wheels)


def write(lock: Lock) -> None:
    """Write the lock to its path: all of it or, on any failure, nothing.

    Raises
    ------
    LockError
        When the file cannot be written.
    """
    handles = {subdir: LockPlatform(subdir) for subdir in lock.subdirs}
    file = LockFile(list(handles.values()))
    for name, solution in lock.environments.items():
        file.set_channels(name, [LockChannel(url) for url in lock.channels])
        for subdir, records in solution.items():
            for record in records:
                file.add_conda_package(name, handles[subdir], record)
        for subdir, wheels in lock.wheels.get(name, {}).items():
            for wheel in wheels:
                file.add_pypi_package(name, handles[subdir], wheel.name, wheel.version, wheel.url)
    try:
        with tempfile.TemporaryDirectory(dir=lock.path.parent, prefix=".conda-lock-") as folder:
            partial = Path(folder) / FILE_NAME
            file.to_path(partial)
            _add_hashes(partial, lock)
            with partial.open("rb") as handle:
                os.fsync(handle.fileno())
            partial.replace(lock.path)
    except OSError as error:
        raise LockError(f"{lock.path} cannot be written: {error}") from error


def _wheels(packages: Sequence[PypiLockedPackage]) -> list[Wheel]:
    return sorted(
        (
            Wheel(
                package.name,
                package.version,
                package.location,
                (package.hashes.sha256 or b"").hex() if package.hashes else "",
            )
            for package in packages
        ),
        key=lambda wheel: wheel.name,
    )


def _add_hashes(path: Path, lock: Lock) -> None:
    """Write the hashes of the wheels, which rattler's Python interface reads but cannot set."""
    hashes = {w.url: w.sha256 for one in lock.wheels.values() for ws in one.values() for w in ws}
    if not hashes:
        return
    lines: list[str] = []
    digest = ""
    for line in path.read_text("utf-8").splitlines():
        lines.append(line)
        if line.startswith("- pypi: "):
            digest = hashes[yaml.safe_load(line)[0]["pypi"]]
        elif digest and line.startswith("  version: "):
            lines.append(f"  sha256: {digest}")
            digest = ""
    path.write_text("\n".join(lines) + "\n", "utf-8")
    LockFile.from_path(path).to_path(path)
