"""Families of packages: those that one build made, and so change together.

Many projects are packaged in parts (``libarrow``, ``libarrow-acero``, ``pyarrow``…), which have one
version and build number and are built within minutes of each other. A lock says all that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rattler import RepoDataRecord

_GAP = 2 * 60 * 60
"""Seconds between two packages of one build at most."""

_OUTWEIGHS = 0.9
"""Share of a family's bytes from which on one package is a family of its own."""

_STEM = re.compile(r"(?:lib|python-|py|r-)?([a-z0-9]+)")


@dataclass(frozen=True)
class Family:
    """Packages of one build.

    Attributes
    ----------
    records
        The packages, sorted by name.
    """

    records: tuple[RepoDataRecord, ...]

    @property
    def name(self) -> str:
        """The first package's name."""
        return _name(self.records[0])

    @property
    def stem(self) -> str:
        """What is common to the names of one project's packages: ``arrow`` of ``libarrow-acero``."""
        return _stem(self.name)

    @property
    def bytes(self) -> int:
        """Size of its packages as they are downloaded."""
        return sum(record.size or 0 for record in self.records)

    @property
    def built(self) -> float:
        """When its newest package was built, in seconds since 1970; 0 where none says so."""
        return max(_built(record) for record in self.records)


def families(records: Iterable[RepoDataRecord]) -> Iterator[Family]:
    """Yield *records* by family: one release, built together, tied by a dependency or the name.

    A package that outweighs the rest of its family is one of its own. Other projects often have it
    without the rest, and so they have its layer in common.
    """
    build: list[RepoDataRecord] = []
    for record in sorted(records, key=lambda r: (*_release(r), _built(r), _name(r))):
        if build and not _same_build(build[-1], record):
            yield from _tied(build)
            build = []
        build.append(record)
    yield from _tied(build)


def _tied(build: Sequence[RepoDataRecord]) -> Iterator[Family]:
    """Split *build* where neither a dependency nor a common stem connects its packages.

    A channel may have hundreds of packages of one release, so pairs are not compared.
    """
    names = {_name(record) for record in build}
    above: dict[tuple[str, str], tuple[str, str]] = {}

    def top(tie: tuple[str, str]) -> tuple[str, str]:
        while (higher := above.setdefault(tie, tie)) != tie:
            above[tie] = tie = above[higher]
        return tie

    for record in build if len(build) > 1 else ():
        name = _name(record)
        needed = {dependency.partition(" ")[0] for dependency in record.depends}
        for tie in (("stem", _stem(name)), *(("name", other) for other in needed & names)):
            above[top(tie)] = top(("name", name))
    parts: dict[tuple[str, str], list[RepoDataRecord]] = {}
    for record in build:
        parts.setdefault(top(("name", _name(record))), []).append(record)
    for part in parts.values():
        yield from (Family(tuple(sorted(some, key=_name))) for some in _outweighed(part))


def _outweighed(family: Sequence[RepoDataRecord]) -> list[list[RepoDataRecord]]:
    """Split the biggest package off where it outweighs the rest."""
    biggest, *rest = sorted(family, key=lambda r: (-(r.size or 0), _name(r)))
    whole = sum(record.size or 0 for record in family)
    split = rest and whole and (biggest.size or 0) >= _OUTWEIGHS * whole
    return [[biggest], rest] if split else [list(family)]


def _same_build(one: RepoDataRecord, other: RepoDataRecord) -> bool:
    known = one.timestamp is not None and other.timestamp is not None
    return known and _release(one) == _release(other) and _built(other) - _built(one) <= _GAP


def _release(record: RepoDataRecord) -> tuple[str, int]:
    return str(record.version), record.build_number


def _built(record: RepoDataRecord) -> float:
    return record.timestamp.timestamp() if record.timestamp else 0.0


def _name(record: RepoDataRecord) -> str:
    return record.name.normalized


def _stem(name: str) -> str:
    found = _STEM.match(name)
    return found[1] if found else name
