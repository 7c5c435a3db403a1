"""What a history of locks would have cost: this plan, those of other tools, and the floor.

For each lock and the one before it, the layers with a package that is new are pushed and pulled; all others
are there. Who pulls also unpacks again what is above the lowest of them. The floor is one layer per package,
which no image can have. Sizes are those of the conda packages, which are compressed much as layers are.

    python -m benchmarks.replay [FOLDER] [--environment NAME] [--chart FILE.png]

Without a folder, the histories of three public projects are fetched. Lock files are taken in the order of
their names, and can be any that strata reads: strata.lock and pixi.lock, of format 6 or 7.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from pathlib import Path
from statistics import fmean

from benchmarks import _histories
from benchmarks._plans import FLOOR, OURS, PLANS, Layers

LINK = 12.5e6
"""Bytes per second of a link of 100 Mbit/s."""

UNPACKED = 25e6
"""Compressed bytes that Docker unpacks per second, as `benchmarks.image` measures with a first pull."""

DRAWN = {
    "one layer": ":",
    "biggest alone, rest hashed": "--",
    OURS: "-",
    FLOOR: "-",
}
"""What the chart shows, and how."""


@dataclass
class Replay:
    """What a plan cost over a history.

    Attributes
    ----------
    pushed
        Bytes of new layers, for each lock but the first.
    unpacked
        Bytes of the layers from the lowest new one upwards, for each lock but the first.
    layers
        Most layers of one image.
    """

    pushed: list[int] = field(default_factory=list)
    unpacked: list[int] = field(default_factory=list)
    layers: int = 0

    @property
    def seconds(self) -> float:
        """Of an update of a pulled image over the link, on average over those that change a package."""
        updates = sum(map(bool, self.pushed)) or 1
        return (sum(self.pushed) / LINK + sum(self.unpacked) / UNPACKED) / updates


Found = Mapping[str, Mapping[str, Replay]]
"""Platform to plan to what it cost."""


def replay(history: Sequence[Layers], *, in_order: bool = True) -> Replay:
    """Return what one set of layers after the other costs; *in_order* is whether one lies on the other."""
    done = Replay(layers=max(map(len, history)))
    for before, after in pairwise(history):
        sizes = [(key in before, size) for key, (size, _) in after.items()]
        kept = next((place for place, (held, _) in enumerate(sizes) if not held), len(sizes))
        done.pushed.append(sum(size for held, size in sizes if not held))
        done.unpacked.append(sum(size for _, size in sizes[kept:]) if in_order else done.pushed[-1])
    return done


def run(folder: Path, environment: str) -> dict[str, dict[str, Replay]]:
    """Return subdir to the plans' replays, over the locks that have *environment* for it."""
    locks = _histories.read(folder)
    found = {}
    for subdir in sorted({subdir for lock in locks for subdir in lock.subdirs}):
        having = [lock for lock in locks if subdir in lock.environments.get(environment, {})]
        if len(having) > 1:
            found[subdir] = {
                name: replay(
                    [make(lock, environment, subdir) for lock in having], in_order=name != FLOOR
                )
                for name, make in PLANS.items()
            }
    return found


def table(found: Found) -> Iterator[str]:
    """Yield the lines of the table."""
    yield f"{'':<15}{'plan':<28}{'pushed':>10}{'of floor':>10}{'layers':>8}{'update, s':>11}"
    for subdir, plans in found.items():
        for name, one in plans.items():
            yield (
                f"{subdir:<15}{name:<28}{sum(one.pushed) / 1e6:>7.0f} MB"
                f"{_of_floor(plans, name):>10.2f}{one.layers:>8}{one.seconds:>11.1f}"
            )


def judged(found: Iterable[Found]) -> Iterator[str]:
    """Yield how the plan does, beside each other plan, over all platforms of some histories."""
    every = [plans for one in found for plans in one.values()]
    ratios = [_of_floor(plans, OURS) for plans in every]
    yield (
        f"histories held out, {len(every)}: {OURS} {min(ratios):.2f} to {max(ratios):.2f} of the floor, "
        f"{fmean(ratios):.2f} on average"
    )
    for name in PLANS:
        if name not in (OURS, FLOOR):
            fewer = [1 - _of_floor(plans, OURS) / _of_floor(plans, name) for plans in every]
            faster = [1 - plans[OURS].seconds / plans[name].seconds for plans in every]
            yield (
                f"  less than {name:<28}{min(fewer):>5.0%} to {max(fewer):.0%} of the bytes, "
                f"{min(faster):.0%} to {max(faster):.0%} of an update's seconds"
            )


def _of_floor(plans: Mapping[str, Replay], name: str) -> float:
    return sum(plans[name].pushed) / (sum(plans[FLOOR].pushed) or 1)


def chart(found: Found, file: Path) -> None:
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
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description="What a history of locks costs to push.")
    parser.add_argument("folder", nargs="?", type=Path, help="of lock files")
    parser.add_argument("--environment", default="default")
    parser.add_argument("--chart", type=Path, help="draw it, too: of the folder, or of PyPSA-Eur")
    asked = parser.parse_args()
    folders: dict[str, Path | None] = (
        {str(asked.folder): asked.folder}
        if asked.folder
        else {name: _histories.gather(name) for name in _histories.REPOSITORIES}
    )
    found = {}
    for name, folder in folders.items():
        if folder:
            found[name] = run(folder, asked.environment)
            print(f"\n{name}: {len(_histories.files(folder))} locks")
            for line in table(found[name]):
                print(line)
    held_out = [found[name] for name in found if name != _histories.TUNED]
    if held_out and not asked.folder:
        print()
        for line in judged(held_out):
            print(line)
    if asked.chart and found:
        chart(next(iter(found.values())), asked.chart)
    return 0


if __name__ == "__main__":
    sys.exit(main())
