"""Make a new lock from a manifest and the old lock, changing only what has to change."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from rattler import RepoDataRecord

from conda_strata.core.errors import UsageError
from conda_strata.core.log import logger
from conda_strata.lock import gate
from conda_strata.lock.closure import divide
from conda_strata.lock.location import Channels, of_manifest, shown
from conda_strata.lock.model import Lock, Wheels, without
from conda_strata.pypi.wheel import Wheel
from conda_strata.solve.solver import solve
from conda_strata.spec.dependency import package_name
from conda_strata.spec.manifest import Manifest
from conda_strata.spec.nearest import did_you_mean, nearest

_log = logger(__name__)

_Package = TypeVar("_Package", RepoDataRecord, Wheel)


@dataclass(frozen=True)
class Request:
    """What to solve, and what may change.

    Attributes
    ----------
    subdirs
        The platforms to solve; with *partial*, the packages of the others stay.
    let_go
        Names of packages that may change to their newest version; None for all.
    newest
        The cut-off: packages uploaded later are left out.
    partial
        Whether *subdirs* are only some of the manifest's platforms.
    """

    subdirs: Sequence[str]
    let_go: Collection[str] | None = ()
    newest: datetime.datetime | None = None
    partial: bool = False


def relock(
    manifest: Manifest,
    old: Lock | None,
    path: Path,
    request: Request,
    on_solved: Callable[[str, int], None] = lambda _subdir, _count: None,
) -> Lock:
    """Solve conda's packages, then the ``pip:`` lists beside them, and return the new lock.

    Raises
    ------
    UsageError
        When a package to update is neither locked nor in the manifest.
    UnsatisfiableError
        When no set of packages fulfils the manifest on a platform.
    NetworkError
        When a channel or the Python index cannot be read.
    """
    let_go = None if request.let_go is None else [name.lower() for name in request.let_go]
    if let_go:
        _require_known(let_go, manifest, old)
    channels = Channels(of_manifest(manifest), str(manifest.files[0]))
    records = _trustworthy(old, channels) if old else {}
    wheels = _trustworthy_wheels(old, manifest.built) if old else {}
    kept = {} if let_go is None else without(records, let_go)
    kept_wheels = {
        subdir: [w for w in found if let_go is not None and w.name not in let_go]
        for subdir, found in wheels.items()
    }
    subdirs = list(request.subdirs)
    if request.partial and old:
        subdirs += _incomplete(old, records, wheels, subdirs, manifest.virtual_packages)
    solved = solve(manifest, subdirs, kept, on_solved, request.newest)
    unhashed = {r.name.normalized for found in solved.values() for r in found if not r.sha256}
    if unhashed:
        _log.warning(
            "the channel gives no SHA-256, so what is installed cannot be verified: %s",
            ", ".join(sorted(unhashed)),
        )
    resolved: Wheels = {}
    if manifest.pip:
        from conda_strata.solve.pip import resolve

        resolved = resolve(manifest, solved, kept_wheels, request.newest)
    if request.partial:
        solved, resolved = {**records, **solved}, {**wheels, **resolved}
    return divide(manifest, solved, resolved, path)


def _trustworthy(old: Lock, channels: Channels) -> dict[str, list[RepoDataRecord]]:
    """Return the records to keep; the solver trusts the URL of a locked record."""
    twice = _twice(old.environments, lambda record: record.name.normalized)
    return {
        subdir: [
            record
            for record in records
            if not (twice and record.name.normalized in twice)  # rattler tells names slowly
            and _is_kept(gate.record_faults(record, channels))
        ]
        for subdir, records in old.everything().items()
    }


def _trustworthy_wheels(old: Lock, built: Collection[str]) -> dict[str, list[Wheel]]:
    twice = _twice(old.wheels, lambda wheel: wheel.name)
    return {
        subdir: [w for w in wheels if w.name not in twice and _is_kept(gate.wheel_faults(w, built))]
        for subdir, wheels in old.all_wheels().items()
    }


def _twice(
    environments: Mapping[str, Mapping[str, Sequence[_Package]]], name: Callable[[_Package], str]
) -> set[str]:
    lists = [packages for solution in environments.values() for packages in solution.values()]
    found = {one for packages in lists for one in gate.repeated(map(name, packages))}
    for one in sorted(found):
        _log.warning("%s is not kept from the old lock: it is listed twice", shown(one))
    return found


def _is_kept(faults: Iterator[gate.Fault]) -> bool:
    fault = next(faults, None)
    if fault:
        _log.warning("%s is not kept from the old lock: %s", shown(fault.package), fault.text)
    return fault is None


def _incomplete(
    old: Lock,
    records: Mapping[str, Sequence[RepoDataRecord]],
    wheels: Mapping[str, Sequence[Wheel]],
    asked: Sequence[str],
    known: Collection[str],
) -> list[str]:
    """Return the further platforms to solve, because some of their packages are not kept."""
    had, had_wheels = old.everything(), old.all_wheels()
    return [
        subdir
        for subdir in had
        if subdir not in asked
        and subdir in known
        and (
            len(records[subdir]) < len(had[subdir])
            or len(wheels.get(subdir, ())) < len(had_wheels.get(subdir, ()))
        )
    ]


def _require_known(names: Collection[str], manifest: Manifest, old: Lock | None) -> None:
    known = {package_name(s.text) for own in manifest.environments.values() for s in own}
    known |= {package_name(s.text) for own in manifest.pip.values() for s in own}
    if old:
        known |= {r.name.normalized for found in old.everything().values() for r in found}
        known |= {w.name for found in old.all_wheels().values() for w in found}
    for name in names:
        if name in known:
            continue
        if (plain := package_name(name)) in known:
            raise UsageError(
                f"--update takes the name of a package, not {name!r}",
                f"Name it, as in '--update {plain}'; a version is written into environment.yml.",
            )
        raise UsageError(
            f"there is no package {name!r} to update",
            did_you_mean(nearest(name, known))
            or "Name one that is locked; to add one, write it into environment.yml.",
        )
