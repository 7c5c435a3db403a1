"""What the image of a second project costs to pull, where that of a first one is present.

Both projects take their packages from one solve, as two projects do that lock in the same week: each
has a part of the packages that people ask for, at random, and what these depend on. So most packages
are equal, but few combinations of them. The floor is the packages that the first project lacks.

    python -m benchmarks.siblings [FOLDER] [--share 0.7] [--pairs 20]

The folder is what `benchmarks.replay` takes; the newest lock is used. Without one, it is PyPSA-Eur's.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from statistics import fmean

from rattler import RepoDataRecord

from benchmarks import _histories
from benchmarks._plans import FLOOR, PLANS
from conda_strata.lock.closure import closure
from conda_strata.lock.model import Lock
from conda_strata.spec.dependency import package_name
from conda_strata.spec.manifest import DEFAULT


def asked_for(lock: Lock, subdir: str) -> list[str]:
    """Return the packages that no other package needs."""
    records = lock.records(DEFAULT, subdir)
    needed = set(map(package_name, chain.from_iterable(r.depends for r in records)))
    return sorted({r.name.normalized for r in records} - needed)


def project(lock: Lock, subdir: str, share: float, chosen: random.Random) -> Lock:
    """Return the lock of a project that asks for *share* of the packages."""
    names = asked_for(lock, subdir)
    records = closure(
        chosen.sample(names, round(share * len(names))), lock.records(DEFAULT, subdir)
    )
    return replace(lock, environments={DEFAULT: {subdir: records}}, wheels={})


def compare(lock: Lock, subdir: str, share: float, pairs: int) -> Iterator[str]:
    """Yield a line about the projects, and one for each plan."""
    chosen = random.Random(subdir)  # noqa: S311
    drawn = [
        (project(lock, subdir, share, chosen), project(lock, subdir, share, chosen))
        for _ in range(pairs)
    ]
    total = fmean(_bytes(second, subdir) for _, second in drawn)
    pulled = {name: fmean(_pulled(name, *pair, subdir) for pair in drawn) for name in PLANS}
    yield (
        f"{subdir}: the second image has {total / 1e6:.0f} MB, "
        f"{1 - pulled[FLOOR] / total:.0%} of them packages that the first one has, too"
    )
    yield f"{'plan':<28}{'pulled':>10}{'of the image':>14}{'of floor':>10}"
    for name, size in pulled.items():
        ratio = size / (pulled[FLOOR] or 1)
        yield f"{name:<28}{size / 1e6:>7.0f} MB{size / total:>14.0%}{ratio:>10.2f}"


def _pulled(name: str, first: Lock, second: Lock, subdir: str) -> int:
    held, wanted = (PLANS[name](lock, DEFAULT, subdir) for lock in (first, second))
    return sum(wanted[key][0] for key in wanted.keys() - held.keys())


def _bytes(lock: Lock, subdir: str) -> int:
    records: list[RepoDataRecord] = list(lock.records(DEFAULT, subdir))
    return sum(record.size or 0 for record in records)


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description="What a second project's image costs to pull.")
    parser.add_argument("folder", nargs="?", type=Path, help="of lock files")
    parser.add_argument("--share", type=float, default=0.7, help="of the packages asked for")
    parser.add_argument("--pairs", type=int, default=20, help="of projects, for the mean")
    asked = parser.parse_args()
    folder = asked.folder or _histories.gather(_histories.TUNED)
    if not folder:
        return 0
    lock = _histories.read(folder)[-1]
    for subdir in lock.subdirs:
        for line in compare(lock, subdir, asked.share, asked.pairs):
            print(line)
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
