"""The lock: every package of every environment on every platform, with its hash."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from rattler import Channel, RepoDataRecord

from conda_strata.errors import UsageError, WrongPlatformError
from conda_strata.manifest import Manifest
from conda_strata.virtual_packages import as_text

_NAME = re.compile(r"[A-Za-z0-9_.-]+")

Solution = Mapping[str, Sequence[RepoDataRecord]]
"""Subdir to the records of an environment, sorted by name."""


@dataclass(frozen=True)
class Wheel:
    """A package from a Python index: what the ``pip:`` list brings.

    Attributes
    ----------
    name
        Normalized as in the simple repository API.
    version
        As in the wheel's name (PEP 440).
    url
        Where it is downloaded from.
    sha256
        Its hash, in hexadecimal digits.
    requires
        Names of the wheels of the same environment that it depends on.
    """

    name: str
    version: str
    url: str
    sha256: str
    requires: tuple[str, ...] = ()


Wheels = Mapping[str, Sequence[Wheel]]
"""Subdir to the wheels of an environment, sorted by name."""


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
    wheels
        Environment name to its packages from a Python index.
    virtual_packages
        Subdir to what its machines are assumed to have: ``__glibc=2.28=0``. Not known of
        locks that other tools wrote.
    """

    environments: Mapping[str, Solution]
    channels: tuple[str, ...]
    path: Path
    wheels: Mapping[str, Wheels] = field(default_factory=dict)
    virtual_packages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

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

    def all_wheels(self) -> dict[str, list[Wheel]]:
        """Return subdir to the wheels of all environments together, each once."""
        merged: dict[str, dict[str, Wheel]] = {}
        for solution in self.wheels.values():
            for subdir, wheels in solution.items():
                merged.setdefault(subdir, {}).update({w.url: w for w in wheels})
        return {subdir: list(wheels.values()) for subdir, wheels in merged.items()}

    def wheels_of(self, environment: str, subdir: str) -> Sequence[Wheel]:
        """Return the wheels of *environment* on *subdir*; most environments have none."""
        return self.wheels.get(environment, {}).get(subdir, ())


def divide(manifest: Manifest, solved: Solution, wheels: Wheels, path: Path) -> Lock:
    """Share out what was solved together: each environment gets what its specs lead to."""
    names = manifest.environments
    return Lock(
        {
            name: {
                subdir: closure(
                    (package_name(s.text) for s in manifest.specs(name, subdir)), records
                )
                for subdir, records in solved.items()
            }
            for name in names
        },
        tuple(Channel(name).base_url for name in manifest.channels),
        path,
        {
            name: {
                subdir: wheel_closure(
                    (package_name(s.text) for s in manifest.requirements(name, subdir)), found
                )
                for subdir, found in wheels.items()
            }
            for name in names
        },
        {subdir: as_text(manifest.virtual_packages[subdir]) for subdir in solved},
    )


def closure(names: Iterable[str], records: Sequence[RepoDataRecord]) -> list[RepoDataRecord]:
    """Return those of *records* that *names* are or depend on, in the order of *records*."""
    by_name = {record.name.normalized: record for record in records}
    wanted = reached(names, by_name)
    return [record for name, record in by_name.items() if name in wanted]


def reached(names: Iterable[str], by_name: Mapping[str, RepoDataRecord]) -> set[str]:
    """Return which of the packages in *by_name* *names* are or depend on."""
    wanted: set[str] = set()
    pending = [name for name in names if name in by_name]
    while pending:
        name = pending.pop()
        if name not in wanted:
            wanted.add(name)
            pending += [d for d in map(package_name, by_name[name].depends) if d in by_name]
    return wanted


def wheel_closure(names: Iterable[str], wheels: Sequence[Wheel]) -> list[Wheel]:
    """Return those of *wheels* that *names* are or require, in the order of *wheels*."""
    if not wheels:
        return []
    from packaging.utils import canonicalize_name

    by_name = {wheel.name: wheel for wheel in wheels}
    wanted: set[str] = set()
    pending = [canonicalize_name(name) for name in names]
    while pending:
        name = pending.pop()
        if name in by_name and name not in wanted:
            wanted.add(name)
            pending += [canonicalize_name(required) for required in by_name[name].requires]
    return [wheel for wheel in wheels if wheel.name in wanted]


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


@cache
def package_name(spec: str) -> str:
    """Return the package that a MatchSpec such as ``conda-forge::numpy >=2`` asks for."""
    found = _NAME.match(spec.strip().rpartition("::")[2])
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
    wheels = {
        (environment, subdir): list(found)
        for environment, solution in lock.wheels.items()
        for subdir, found in solution.items()
        if found
    }
    return lock.channels, packages, wheels, dict(lock.virtual_packages)
