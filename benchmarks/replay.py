"""What a history of locks would have cost to push: this plan, those of other tools, and the floor.

For each lock and the one before it, the layers with a package that is new are pushed; all others
are in the registry. The floor is one layer per package, which no image can have. Sizes are those of
the conda packages, which are compressed much as layers are.

    python -m benchmarks.replay FOLDER|ARCHIVE.tar.zst [--environment NAME] [--chart FILE.png]

The folder can also be named by the variable LOCKS. Lock files are taken in the order of their names, and can be any that strata reads: strata.lock and
pixi.lock, of format 6 or 7.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from pathlib import Path

from rattler import RepoDataRecord

from benchmarks import _rivals
from conda_strata.image.plan import default_slots, plan
from conda_strata.lock import lockfile
from conda_strata.lock.model import Lock

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LAYERS = 96
SHARED_BY_HASH = 4

Layers = dict[str, tuple[int, frozenset[str]]]
"""Key of a layer to its bytes and its packages."""

Plan = Callable[[Lock, str, str], Layers]
"""What a lock's environment for a platform becomes."""

DRAWN = {
    "one layer": ":",
    "biggest alone, rest hashed": "--",
    "strata": "-",
    "floor: one per package": "-",
}
"""What the chart shows, and how."""


@dataclass
class Replay:
    """What a plan cost over a history.

    Attributes
    ----------
    pushed
        Bytes of new layers, for each lock but the first.
    layers
        Most layers of one image.
    again
        Bytes of packages that had not changed and were pushed again.
    """

    pushed: list[int] = field(default_factory=list)
    layers: int = 0
    again: int = 0


def ours(lock: Lock, environment: str, subdir: str) -> Layers:
    """Return the layers that strata makes."""
    return {
        layer.key: (layer.bytes, frozenset(map(_digest, layer.records)))
        for layer in plan(lock, environment, subdir, LAYERS)
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


PLANS: dict[str, Plan] = {
    "one layer": one_layer,
    "Nix": _rival(_rivals.nix),
    "bv-builder": _rival(_rivals.bv_builder),
    "chunkah": _rival(_rivals.chunkah),
    "apko": _rival(_rivals.apko),
    "biggest alone, rest in one": _rival(_rivals.simplest),
    "biggest alone, rest hashed": biggest_alone,
    "strata": ours,
    "floor: one per package": floor,
}


def replay(history: Sequence[Layers]) -> Replay:
    """Return what it costs to push one set of layers after the other."""
    done = Replay(layers=max(map(len, history)))
    for before, after in pairwise(history):
        held = frozenset[str]().union(*(packages for _, packages in before.values()))
        new = [after[key] for key in after.keys() - before.keys()]
        done.pushed.append(sum(size for size, _ in new))
        done.again += sum(len(packages & held) for _, packages in new)
    return done


def _layers(groups: Iterable[Sequence[RepoDataRecord]]) -> Layers:
    found: Layers = {}
    for group in groups:
        digests = frozenset(map(_digest, group))
        key = hashlib.sha256("".join(sorted(digests)).encode()).hexdigest()
        found[key] = (sum(record.size or 0 for record in group), digests)
    return found


def _digest(record: RepoDataRecord) -> str:
    return f"{record.name.normalized} {(record.sha256 or b'').hex()}"


@contextmanager
def read_locks(source: Path) -> Iterator[list[Lock]]:
    """Read the lock files of a folder or an archive; at least two."""
    with tempfile.TemporaryDirectory() as temporary:
        if source.is_file():
            with zstd.open(source) as opened, tarfile.open(fileobj=opened, mode="r|") as archive:
                archive.extractall(temporary, filter="data")
        files = sorted((Path(temporary) if source.is_file() else source).rglob("*.lock"))
        if len(files) < 2:
            sys.exit(f"{source} has no history: it needs two lock files at least")
        yield [lockfile.read(file) for file in files]


def run(source: Path, environment: str) -> dict[str, dict[str, Replay]]:
    """Return subdir to the plans' replays, over the locks that have *environment* for it."""
    with read_locks(source) as locks:
        found = {}
        for subdir in sorted({subdir for lock in locks for subdir in lock.subdirs}):
            having = [lock for lock in locks if subdir in lock.environments.get(environment, {})]
            if len(having) > 1:
                found[subdir] = {
                    name: replay([make(lock, environment, subdir) for lock in having])
                    for name, make in PLANS.items()
                }
        return found


def table(found: dict[str, dict[str, Replay]]) -> Iterator[str]:
    """Yield the lines of the table."""
    yield f"{'':<13}{'plan':<28}{'pushed':>10}{'of floor':>10}{'layers':>8}{'packages again':>16}"
    for subdir, plans in found.items():
        least = sum(plans["floor: one per package"].pushed) or 1
        for name, one in plans.items():
            total = sum(one.pushed)
            yield (
                f"{subdir:<13}{name:<28}{total / 1e6:>7.0f} MB{total / least:>10.2f}"
                f"{one.layers:>8}{one.again:>16}"
            )


def chart(found: dict[str, dict[str, Replay]], file: Path) -> None:
    """Draw what each plan has cost up to each lock, a panel for each platform."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    figure, panels = plt.subplots(
        1, len(found), figsize=(3.2 * len(found), 3.4), sharey=True, squeeze=False
    )
    for panel, (subdir, plans) in zip(panels[0], found.items(), strict=True):
        for name, style in DRAWN.items():
            one = plans[name]
            grey = name.startswith("floor")
            panel.plot(
                [total / 1e9 for total in accumulate(one.pushed)],
                style,
                label=name,
                color="0.6" if grey else None,
                linewidth=1 if grey else 2,
            )
        panel.set(title=subdir, xlabel="lock")
        panel.spines[["top", "right"]].set_visible(False)
    panels[0][0].set_ylabel("pushed so far, GB")
    panels[0][0].legend(frameon=False, fontsize=8)
    figure.tight_layout()
    figure.savefig(file, dpi=150)
    plt.close(figure)


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description="What a history of locks costs to push.")
    parser.add_argument(
        "locks", nargs="?", default=os.environ.get("LOCKS"), help="a folder, or a .tar.zst of it"
    )
    parser.add_argument("--environment", default="default")
    parser.add_argument("--chart", type=Path, help="draw it, too")
    asked = parser.parse_args()
    if not asked.locks:
        print("nothing to replay: name a folder of lock files, here or in the variable LOCKS")
        return 0
    found = run(Path(asked.locks), asked.environment)
    for line in table(found):
        print(line)
    if asked.chart:
        chart(found, asked.chart)
    return 0


if __name__ == "__main__":
    sys.exit(main())
