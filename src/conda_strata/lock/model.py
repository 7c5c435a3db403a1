"""The lock: every package of every environment on every platform, with its hash."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from rattler import RepoDataRecord

from conda_strata.core.errors import UsageError, WrongPlatformError
from conda_strata.pypi.wheel import Wheel
from conda_strata.spec import platforms
from conda_strata.spec.virtual_packages import from_text

if TYPE_CHECKING:
    from conda_strata.pypi.wheel_tags import Target

Solution = Mapping[str, Sequence[RepoDataRecord]]
"""Subdir to the records of an environment, sorted by name."""

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
    sources
        Environment name to subdir to the names of packages that pixi builds from source. They
        have no archive, and so none of them is among the records.
    indexes
        The Python indexes that the environment files name, the default one first; none where they
        name none.
    """

    environments: Mapping[str, Solution]
    channels: tuple[str, ...]
    path: Path
    wheels: Mapping[str, Wheels] = field(default_factory=dict)
    virtual_packages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sources: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    indexes: tuple[str, ...] = ()

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

    def by_name(self, environment: str, subdir: str) -> Mapping[str, RepoDataRecord]:
        """Return the packages of *environment* on *subdir* by name; none where it has none.

        They are kept, because it takes rattler long to tell thousands of names.
        """
        key = environment, subdir
        if key not in self._by_name:
            records = self.environments.get(environment, {}).get(subdir, ())
            self._by_name[key] = {record.name.normalized: record for record in records}
        return self._by_name[key]

    @cached_property
    def _by_name(self) -> dict[tuple[str, str], Mapping[str, RepoDataRecord]]:
        return {}

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

    def wheel_target(self, environment: str, subdir: str) -> Target | None:
        """Return what the wheels of an environment have to fit; None when it has no Python."""
        from conda_strata.pypi.wheel_tags import Target

        for record in self.records(environment, subdir):
            if record.name.normalized == "python":
                assumed = from_text(self.virtual_packages.get(subdir, ()))
                return Target(
                    str(record.version), subdir, assumed or platforms.VIRTUAL_PACKAGES[subdir]
                )
        return None


def without(solution: Solution, names: Iterable[str]) -> dict[str, list[RepoDataRecord]]:
    """Return *solution* less the packages called *names*."""
    left_out = set(names)
    return {
        subdir: [record for record in records if record.name.normalized not in left_out]
        for subdir, records in solution.items()
    }


def same(one: Lock, other: Lock) -> bool:
    """Whether two locks hold the same packages in the same environments from the same channels.

    What packages depend on counts: a lock that was edited by hand is not the same.
    """
    return _content(one) == _content(other)


def identity(record: RepoDataRecord) -> str:
    """Return ``name-version-build``, the way conda names one build of a package."""
    return f"{record.name.normalized}-{record.version}-{record.build}"


def _content(lock: Lock) -> object:
    packages = {
        (environment, subdir): list(map(_installed, records))
        for environment, solution in lock.environments.items()
        for subdir, records in solution.items()
    }
    wheels = {
        (environment, subdir): list(found)
        for environment, solution in lock.wheels.items()
        for subdir, found in solution.items()
        if found
    }
    return lock.channels, packages, wheels, dict(lock.virtual_packages), lock.indexes


def _installed(record: RepoDataRecord) -> tuple[object, ...]:
    """Return what decides how a record is installed; times and licences do not."""
    return (
        record.url,
        record.sha256,
        record.depends,
        record.constrains,
        record.python_site_packages_path,
    )
