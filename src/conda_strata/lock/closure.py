"""Which of the packages that were solved together each environment needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from rattler import RepoDataRecord

from conda_strata.lock.location import of_manifest
from conda_strata.lock.model import Lock, Solution, Wheels
from conda_strata.pypi.wheel import Wheel
from conda_strata.spec.dependency import package_name
from conda_strata.spec.manifest import Manifest
from conda_strata.spec.virtual_packages import as_text


def divide(manifest: Manifest, solved: Solution, wheels: Wheels, path: Path) -> Lock:
    """Divide what was solved together: each environment gets what its specs depend on."""
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
        of_manifest(manifest),
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
        indexes=manifest.indexes if any(wheels.values()) else (),
    )


def closure(names: Iterable[str], records: Sequence[RepoDataRecord]) -> list[RepoDataRecord]:
    """Return those of *records* that *names* are or depend on, in the order of *records*."""
    by_name = {record.name.normalized: record for record in records}
    wanted = reached(names, by_name)
    return [record for name, record in by_name.items() if name in wanted]


def reached(names: Iterable[str], by_name: Mapping[str, RepoDataRecord]) -> set[str]:
    """Return which of the packages in *by_name* *names* are or depend on."""
    wanted = set(names) & by_name.keys()
    pending = list(wanted)
    while pending:
        for name in map(package_name, by_name[pending.pop()].depends):
            if name not in wanted and name in by_name:
                wanted.add(name)
                pending.append(name)
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
