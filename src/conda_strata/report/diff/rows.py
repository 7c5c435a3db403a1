"""The differences for people: each listed once, under all platforms or under its own."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from conda_strata.lock.changes import CONDA, KINDS, PIP, Change
from conda_strata.lock.model import Lock
from conda_strata.report.diff.comparison import Diff

_Package = tuple[str, str]
"""Manager and name."""

_HASH = re.compile(r"(?<![0-9a-z])h[0-9a-f]{7}(_|$)|h[0-9a-f]{7}(?=_|$)")
"""What conda-build puts into build strings to tell variants apart: no other platform has it."""


@dataclass(frozen=True)
class Row:
    """One change, for people.

    Attributes
    ----------
    before, after
        Versions; where the version stays, with the build, less its hash if that is enough to tell
        the two apart, and unless platforms have different ones.
    environments
        Where the change is, unless that is everywhere the package is.
    """

    kind: str
    name: str
    before: str
    after: str
    is_pip: bool = False
    environments: tuple[str, ...] = ()

    @property
    def versions(self) -> Row:
        """The row without builds, which other platforms' never equal."""
        return replace(self, before=self.before.split(" ")[0], after=self.after.split(" ")[0])

    def only_in(self, environments: Iterable[str]) -> Row:
        """Return the row for some environments."""
        return replace(self, environments=tuple(environments))


@dataclass(frozen=True)
class Table:
    """All changes.

    Attributes
    ----------
    common
        Those on all platforms.
    own
        Subdir to its further changes.
    counts
        Subdir to the number of changes of each kind, the common ones included.
    distinct
        The number of changes of each kind, each counted once.
    """

    common: Sequence[Row]
    own: dict[str, Sequence[Row]]
    counts: dict[str, Counter[str]]
    distinct: Counter[str]


def table(diff: Diff) -> Table:
    """Arrange *diff* for reading.

    Platforms that came or went are left out of what is common, where there are others.
    """
    rows = {subdir: _rows(diff, subdir) for subdir in diff.platforms.everything}
    compared = diff.platforms.kept or diff.platforms.everything
    common = _common([rows[subdir] for subdir in compared]) if len(compared) > 1 else []
    shared = {row.versions for row in common}
    own = {
        subdir: [row for row in found if subdir not in compared or row.versions not in shared]
        for subdir, found in sorted(rows.items())
    }
    once = {row.versions for subdir in compared for row in rows[subdir]}
    return Table(
        common,
        {subdir: found for subdir, found in own.items() if found},
        {subdir: _counted(found) for subdir, found in sorted(rows.items())},
        _counted(once),
    )


def _common(found: Sequence[Sequence[Row]]) -> list[Row]:
    everywhere = set.intersection(*({row.versions for row in rows} for rows in found))
    exact = set.intersection(*(set(rows) for rows in found))
    return [row if row in exact else row.versions for row in found[0] if row.versions in everywhere]


def _counted(rows: Iterable[Row]) -> Counter[str]:
    counts = Counter(row.kind for row in rows)
    return Counter({kind: counts[kind] for kind in KINDS if counts[kind]})


def _rows(diff: Diff, subdir: str) -> list[Row]:
    """Return the changes on one platform over all environments, each once, sorted by name."""
    places: dict[Row, list[str]] = {}
    for environment, found in diff.changes.get(subdir, {}).items():
        known = _known_elsewhere(diff, environment, subdir)
        for change in found:
            if (change.manager, change.name) not in known:
                places.setdefault(_row(change), []).append(environment)
    holders = _holders(diff, subdir)
    rows = [
        row if holders.get(_package(row), set()) <= set(names) else row.only_in(names)
        for row, names in places.items()
    ]
    return sorted(rows, key=lambda row: (row.name, row.is_pip, row.environments))


def _row(change: Change) -> Row:
    before, after = change.before or "", change.after or ""
    row = Row(change.kind, change.name, before, after, change.manager == PIP)
    if change.kind != "rebuilt":
        return row.versions
    short = replace(row, before=_HASH.sub("", before), after=_HASH.sub("", after))
    return row if short.before == short.after else short


def _package(row: Row) -> _Package:
    return (PIP if row.is_pip else CONDA), row.name


def _known_elsewhere(diff: Diff, environment: str, subdir: str) -> set[_Package]:
    """Return the packages of an environment that came or went which others had all along.

    The new or removed environment is reported as a whole.
    """
    if environment in diff.environments.kept or not diff.environments.kept:
        return set()
    lock = diff.new if environment in diff.environments.added else diff.old
    own = _files(lock, environment, subdir)
    others: set[tuple[_Package, str]] = set()
    for name in diff.environments.kept:
        others |= _files(lock, name, subdir)
    return {package for package, _ in own & others}


def _holders(diff: Diff, subdir: str) -> dict[_Package, set[str]]:
    """Return each package with the environments that have it in the old lock or the new.

    Environments that came or went do not count, where there are others.
    """
    holders: dict[_Package, set[str]] = {}
    for name in diff.environments.kept or diff.environments.everything:
        for lock in (diff.old, diff.new):
            for package, _ in _files(lock, name, subdir):
                holders.setdefault(package, set()).add(name)
    return holders


def _files(lock: Lock, environment: str, subdir: str) -> set[tuple[_Package, str]]:
    records = lock.environments.get(environment, {}).get(subdir, ())
    wheels = lock.wheels_of(environment, subdir)
    return {((CONDA, r.name.normalized), r.url) for r in records} | {
        ((PIP, wheel.name), wheel.url) for wheel in wheels
    }
