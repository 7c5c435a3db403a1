"""The plans that the replays compare: strata's, those of other tools, and the floor."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence

from rattler import RepoDataRecord

from benchmarks import _rivals
from conda_strata.image.plan import default_slots, plan, stacked
from conda_strata.lock.model import Lock

LAYERS = 96
SHARED_BY_HASH = 4

Layers = dict[str, tuple[int, frozenset[str]]]
"""Key of a layer to its bytes and its packages, the lowest layer first."""

Plan = Callable[[Lock, str, str], Layers]
"""What a lock's environment for a platform becomes."""


def ours(lock: Lock, environment: str, subdir: str) -> Layers:
    """Return the layers that strata makes."""
    return {
        layer.key: (layer.bytes, frozenset(map(_digest, layer.records)))
        for layer in stacked(plan(lock, environment, subdir, LAYERS))
    }


def biggest_alone(lock: Lock, environment: str, subdir: str) -> Layers:
    """Return as many layers: the biggest packages alone, the others by a hash of their name."""
    slots = default_slots(lock, subdir, LAYERS) if len(lock.environments) > 1 else LAYERS
    shared = slots // SHARED_BY_HASH
    records = sorted(lock.records(environment, subdir), key=lambda r: (-(r.size or 0), _digest(r)))
    groups: dict[object, list[RepoDataRecord]] = {}
    for place, record in enumerate(records):
        hashed = int(hashlib.sha256(record.name.normalized.encode()).hexdigest(), 16) % shared
        groups.setdefault(place if place < slots - shared else f"hash {hashed}", []).append(record)
    return _layers(groups.values())


def _rival(pack: Callable[[Sequence[RepoDataRecord], int], _rivals.Groups]) -> Plan:
    """Return the plan that packs into as many layers as strata's."""

    def made(lock: Lock, environment: str, subdir: str) -> Layers:
        slots = default_slots(lock, subdir, LAYERS) if len(lock.environments) > 1 else LAYERS
        return _layers(group for group in pack(lock.records(environment, subdir), slots) if group)

    return made


def one_layer(lock: Lock, environment: str, subdir: str) -> Layers:
    """Return what a single RUN makes."""
    return _layers([lock.records(environment, subdir)])


def floor(lock: Lock, environment: str, subdir: str) -> Layers:
    """Return one layer for each package."""
    return _layers([record] for record in lock.records(environment, subdir))


FLOOR = "floor: one per package"
OURS = "strata"

PLANS: dict[str, Plan] = {
    "one layer": one_layer,
    "Nix": _rival(_rivals.nix),
    "bv-builder": _rival(_rivals.bv_builder),
    "chunkah": _rival(_rivals.chunkah),
    "apko": _rival(_rivals.apko),
    "biggest alone, rest in one": _rival(_rivals.simplest),
    "biggest alone, rest hashed": biggest_alone,
    OURS: ours,
    FLOOR: floor,
}


def _layers(groups: Iterable[Sequence[RepoDataRecord]]) -> Layers:
    found: Layers = {}
    for group in groups:
        digests = frozenset(map(_digest, group))
        key = hashlib.sha256("".join(sorted(digests)).encode()).hexdigest()
        found[key] = (sum(record.size or 0 for record in group), digests)
    return found


def _digest(record: RepoDataRecord) -> str:
    return f"{record.name.normalized} {(record.sha256 or b'').hex()}"
