"""The layer plan: which packages of an environment share an image layer.

A plan is a pure function of the lock: same lock, same plan, on every machine. It has two
aims. A changed package should bring as few other bytes along as possible: so packages of one build,
which change together, are kept together, and the biggest such families get a layer each. And a
package that comes or goes must not move the others to new layers: so the middling ones are spread
over a fixed number of layers, and the many small ones over a few more, by a hash of their name.

In an image, small layers are on top, and of those of a size the ones that were built last: who has
the image already unpacks again what is above the lowest layer that changed.

The environments that contain ``default`` add layers of their own after its layers, which stay
as they are: both images share them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rattler import RepoDataRecord

from conda_strata.core.errors import UsageError
from conda_strata.image.families import families
from conda_strata.lock.model import Lock, identity
from conda_strata.pypi.wheel import Wheel
from conda_strata.spec.manifest import DEFAULT

MAX_LAYERS = 96
"""Layers of an environment at most: images can have 127, and the base image and what is built on
top need some."""

MIN_LAYERS = 2
"""One for each of two environments."""

_SHARED = 3
"""One layer in so many is shared by families that get none of their own."""

_MIDDLING = 5
"""Middling families for each layer that such ones share; the rest is small."""

_SMALL = 8
"""One shared layer in so many holds small families."""


_SHARES = 8
"""Parts that the slots are divided into, for an environment and those that contain it."""


@dataclass(frozen=True)
class Layer:
    """One layer of an image.

    Attributes
    ----------
    slot
        Its number, and so its place in the Dockerfile.
    records
        Its conda packages, sorted by name.
    wheels
        Its packages from a Python index. They share a layer with conda's only where an
        environment has no more than one.
    """

    slot: int
    records: tuple[RepoDataRecord, ...]
    wheels: tuple[Wheel, ...] = ()

    @property
    def id(self) -> str:
        """The slot as its folder is named: two digits."""
        return f"{self.slot:02}"

    @property
    def key(self) -> str:
        """A SHA-256 over what is in the layer: equal keys, equal content."""
        lines = [f"{identity(r)} {(r.sha256 or b'').hex()}\n" for r in self.records]
        lines += [f"{wheel.url} {wheel.sha256}\n" for wheel in self.wheels]
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    @property
    def bytes(self) -> int:
        """Size of the conda packages as they are downloaded, in bytes; a lock knows no wheel's."""
        return sum(record.size or 0 for record in self.records)


def plan(lock: Lock, environment: str, subdir: str, max_layers: int = MAX_LAYERS) -> list[Layer]:
    """Return the layers of *environment*, in the order of their slots; empty slots are left out.

    Raises
    ------
    UsageError
        When the lock has no such environment, or *max_layers* is out of range.
    WrongPlatformError
        When the lock does not cover *subdir*.
    """
    if not MIN_LAYERS <= max_layers <= MAX_LAYERS:
        raise UsageError(f"an image gets {MIN_LAYERS} to {MAX_LAYERS} layers, not {max_layers}")
    records = lock.records(environment, subdir)
    extended = len(lock.environments) > 1 and DEFAULT in lock.environments
    if not extended:
        return _spread(records, lock.wheels_of(environment, subdir), 0, max_layers)
    shared = default_slots(lock, subdir, max_layers)
    below, wheels_below = lock.records(DEFAULT, subdir), lock.wheels_of(DEFAULT, subdir)
    layers = _spread(below, wheels_below, 0, shared)
    if environment != DEFAULT:
        held = {record.url for record in below} | {wheel.url for wheel in wheels_below}
        layers += _spread(
            [record for record in records if record.url not in held],
            [wheel for wheel in lock.wheels_of(environment, subdir) if wheel.url not in held],
            shared,
            max_layers - shared,
        )
    return layers


def stacked(layers: Iterable[Layer]) -> list[Layer]:
    """Return *layers* in the order of an image, lowest first: the bigger, in steps of four times."""
    return sorted(layers, key=lambda layer: (-((layer.bytes.bit_length() + 1) // 2), layer.slot))


def default_slots(lock: Lock, subdir: str, max_layers: int) -> int:
    """Return how many slots ``default`` has where other environments contain it.

    As many eighths of *max_layers* as give each family a layer, at most seven: so in steps, as the
    slots of the others follow.
    """
    wanted = len(list(families(lock.records(DEFAULT, subdir)))) + 1
    shares = (max(1, max_layers * eighths // _SHARES) for eighths in range(1, _SHARES))
    return next(
        (slots for slots in shares if slots >= wanted),
        max(1, max_layers * (_SHARES - 1) // _SHARES),
    )


def _spread(
    records: Sequence[RepoDataRecord], wheels: Sequence[Wheel], first: int, slots: int
) -> list[Layer]:
    """Share packages out over *slots*; wheels get the last."""
    if slots == 1:
        ordered = tuple(sorted(records, key=_name))
        return [Layer(first, ordered, tuple(wheels))] if ordered or wheels else []
    last = first + slots - 1
    layers = _spread_records(records, first, slots, last if wheels else last + 1)
    return [*layers, Layer(last, (), tuple(wheels))] if wheels else layers


def _spread_records(
    records: Sequence[RepoDataRecord], first: int, slots: int, end: int
) -> list[Layer]:
    """Share packages out over the slots from *first* up to *end*, as is right for so many *slots*."""
    by_size = sorted(families(records), key=lambda f: (-f.bytes, f.name))
    shared = 0 if len(by_size) <= end - first else max(1, slots // _SHARED)
    small = -(-shared // _SMALL)
    alone = by_size[: end - first - shared]
    others = by_size[len(alone) :]
    middling, rest = (
        others[: _MIDDLING * (shared - small)],
        others[_MIDDLING * (shared - small) :],
    )
    oldest_first = sorted(alone, key=lambda f: (f.built, f.name))
    held = {first + place: [family] for place, family in enumerate(oldest_first)}
    for some, start, count in (
        (middling, end - shared, shared - small),
        (rest, end - small, small),
    ):
        for family in some:
            held.setdefault(start + _hash(family.stem) % count, []).append(family)
    return [
        Layer(slot, tuple(sorted((r for f in held[slot] for r in f.records), key=_name)))
        for slot in sorted(held)
    ]


def _name(record: RepoDataRecord) -> str:
    return record.name.normalized


def _hash(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
