"""How other tools distribute packages over layers, after their descriptions, for as many layers.

Each takes the packages of an environment and a number of layers, and returns groups of packages. Where
a tool uses what a lock does not have, such as counts of pulls, the nearest that a lock has stands in.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence

from rattler import RepoDataRecord

from conda_strata.spec.dependency import package_name

Groups = list[list[RepoDataRecord]]


def simplest(records: Sequence[RepoDataRecord], layers: int) -> Groups:
    """Return the biggest packages alone, and all others in one layer."""
    return _first_alone(sorted(records, key=_size, reverse=True), layers)


def nix(records: Sequence[RepoDataRecord], layers: int) -> Groups:
    """Return the most popular packages alone, as nixpkgs' ``buildLayeredImage`` does.

    Popular is what many paths of dependencies lead to. The others share the last layer.
    """
    paths = _paths(records)
    order = sorted(records, key=lambda r: (-paths[r.name.normalized], r.name.normalized))
    return _first_alone(order, layers)


def bv_builder(records: Sequence[RepoDataRecord], layers: int) -> Groups:
    """Return popular packages alone and the others in equal shares, as bv-builder packs them.

    It counts in how many images a package is; how many packages depend on it stands in.
    """
    users: dict[str, int] = defaultdict(int)
    for record in records:
        for name in set(map(package_name, record.depends)):
            users[name] += 1
    order = sorted(records, key=lambda r: (-users[r.name.normalized], r.name.normalized))
    alone = layers * 3 // 4
    rest = order[alone:]
    share = math.ceil(len(rest) / (layers - alone)) or 1
    return [[r] for r in order[:alone]] + [
        rest[start : start + share] for start in range(0, len(rest), share)
    ]


def apko(records: Sequence[RepoDataRecord], layers: int) -> Groups:
    """Return the biggest origins alone, and all others in one layer, as apko does.

    An origin is the recipe that packages come from. The same first word of the name, version and build
    number stand in.
    """
    groups: dict[Hashable, list[RepoDataRecord]] = defaultdict(list)
    for record in records:
        word = record.name.normalized.removeprefix("lib").partition("-")[0]
        groups[word, str(record.version), record.build_number].append(record)
    order = sorted(groups.values(), key=lambda group: sum(map(_size, group)), reverse=True)
    return [*order[: layers - 1], [r for group in order[layers - 1 :] for r in group]]


def chunkah(records: Sequence[RepoDataRecord], layers: int) -> Groups:
    """Return layers of packages that change as often, the costliest alone, as chunkah makes them.

    It knows how often a package is released; the age of its build, against the newest, stands in.
    """
    newest = max(map(_built, records))
    rate = {id(r): 1 / (1 + (newest - _built(r)) / 86_400) for r in records}
    order = sorted(records, key=lambda r: rate[id(r)] * _size(r), reverse=True)
    alone = layers * 3 // 4
    rest = sorted(order[alone:], key=lambda r: rate[id(r)])
    total = sum(map(_size, rest)) or 1
    shared: dict[int, list[RepoDataRecord]] = defaultdict(list)
    seen = 0
    for record in rest:
        shared[seen * (layers - alone) // total].append(record)
        seen += _size(record)
    return [[r] for r in order[:alone]] + list(shared.values())


def _first_alone(order: Sequence[RepoDataRecord], layers: int) -> Groups:
    return [[r] for r in order[: layers - 1]] + [list(order[layers - 1 :])]


def _paths(records: Iterable[RepoDataRecord]) -> dict[str, int]:
    """Return how many paths of dependencies lead to each package, from all that none needs."""
    needs = {r.name.normalized: set(map(package_name, r.depends)) for r in records}
    users: dict[str, set[str]] = defaultdict(set)
    for name, needed in needs.items():
        for other in needed & needs.keys():
            users[other].add(name)
    found: dict[str, int] = {}

    def count(name: str, inside: frozenset[str] = frozenset()) -> int:
        if name not in found:
            above = (u for u in sorted(users[name]) if u not in inside)
            total = 1 + sum(count(u, inside | {name}) for u in above)
            found[name] = total
        return found[name]

    return {name: count(name) for name in needs}


def _size(record: RepoDataRecord) -> int:
    return record.size or 0


def _built(record: RepoDataRecord) -> float:
    return record.timestamp.timestamp() if record.timestamp else 0.0
