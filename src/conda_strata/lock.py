"""The lock: every package of every environment on every platform, with its hash.

The file is rattler's lock format (version 7, that of ``pixi.lock``); versions 6 and 7 are read.
Each environment holds all its packages, so that ``dev`` repeats those of ``default`` by reference.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rattler import Channel, LockChannel, LockFile, LockPlatform, RepoDataRecord
from rattler.exceptions import ParseCondaLockError

from conda_strata.errors import LockError, StaleLockError, UsageError, WrongPlatformError
from conda_strata.manifest import DEFAULT, Manifest

FILE_NAME = "conda.lock"

Solution = Mapping[str, Sequence[RepoDataRecord]]
"""Subdir to the records of an environment, sorted by name."""


@dataclass(frozen=True)
class Lock:
    """What a lock file holds.

    Attributes
    ----------
    environments
        Environment name to its solution.
    channels
        Channel URLs, highest priority first.
    path
        Where it was read from or will be written to.
    """

    environments: Mapping[str, Solution]
    channels: tuple[str, ...]
    path: Path

    @property
    def subdirs(self) -> tuple[str, ...]:
        """The platforms that the lock covers."""
        return tuple(sorted({sub for env in self.environments.values() for sub in env}))

    def records(self, environment: str, subdir: str) -> Sequence[RepoDataRecord]:
        """Return the packages of *environment* on *subdir*.

        Raises
        ------
        UsageError
            When the lock has no such environment.
        WrongPlatformError
            When the lock does not cover the platform.
        """
        if environment not in self.environments:
            known = ", ".join(self.environments)
            raise UsageError(f"{self.path} has no environment {environment!r}", f"It has: {known}.")
        solution = self.environments[environment]
        if subdir not in solution:
            known = ", ".join(solution) or "no platform"
            raise WrongPlatformError(
                f"{self.path} is not locked for {subdir} (it has {known})",
                f"Add {subdir} under 'platforms:' in environment.yml and run 'strata lock'.",
            )
        return solution[subdir]

    def everything(self) -> dict[str, list[RepoDataRecord]]:
        """Return subdir to the packages of all environments together, each once."""
        merged: dict[str, dict[str, RepoDataRecord]] = {}
        for solution in self.environments.values():
            for subdir, records in solution.items():
                merged.setdefault(subdir, {}).update({r.url: r for r in records})
        return {subdir: list(records.values()) for subdir, records in merged.items()}


def divide(manifest: Manifest, solved: Solution, path: Path) -> Lock:
    """Share out what was solved together: each environment gets what its specs lead to."""
    return Lock(
        {
            environment: {
                subdir: closure(
                    (package_name(s.text) for s in manifest.specs(environment)), records
                )
                for subdir, records in solved.items()
            }
            for environment in manifest.environments
        },
        tuple(Channel(name).base_url for name in manifest.channels),
        path,
    )


def closure(names: Iterable[str], records: Sequence[RepoDataRecord]) -> list[RepoDataRecord]:
    """Return those of *records* that *names* are or depend on, in the order of *records*."""
    by_name = {record.name.normalized: record for record in records}
    wanted: set[str] = set()
    pending = [name for name in names if name in by_name]
    while pending:
        name = pending.pop()
        if name not in wanted:
            wanted.add(name)
            pending += [d for d in map(package_name, by_name[name].depends) if d in by_name]
    return [record for record in records if record.name.normalized in wanted]


def without(solution: Solution, names: Iterable[str]) -> dict[str, list[RepoDataRecord]]:
    """Return *solution* less the packages called *names*."""
    left_out = set(names)
    return {
        subdir: [record for record in records if record.name.normalized not in left_out]
        for subdir, records in solution.items()
    }


def same(one: Lock, other: Lock) -> bool:
    """Whether two locks hold the same packages in the same environments from the same channels."""
    return _content(one) == _content(other)


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
    return Lock(environments, tuple(channels), path)


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
    try:
        with tempfile.TemporaryDirectory(dir=lock.path.parent, prefix=".conda-lock-") as folder:
            partial = Path(folder) / FILE_NAME
            file.to_path(partial)
            with partial.open("rb") as handle:
                os.fsync(handle.fileno())
            partial.replace(lock.path)
    except OSError as error:
        raise LockError(f"{lock.path} cannot be written: {error}") from error


def package_name(spec: str) -> str:
    """Return the package that a MatchSpec such as ``conda-forge::numpy >=2`` asks for."""
    found = re.match(r"[A-Za-z0-9_.-]+", spec.strip().rpartition("::")[2])
    return found[0].lower() if found else ""


def identity(record: RepoDataRecord) -> str:
    """Return ``name-version-build``, the way conda names one build of a package."""
    return f"{record.name.normalized}-{record.version}-{record.build}"


def _content(lock: Lock) -> object:
    packages = {
        (environment, subdir): [(record.url, record.sha256) for record in records]
        for environment, solution in lock.environments.items()
        for subdir, records in solution.items()
    }
    return lock.channels, packages
