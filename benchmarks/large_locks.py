"""Large locks: what commands cost beside a bare solve or reading, and how that grows with the packages.

    python -m benchmarks.large_locks [FOLDER] [--counts N…] [--platforms N…] [--updates N] [--times N] [--seconds]

Work is counted in instructions where valgrind is installed, because a busy machine does not change them.
The folder has a history of a real project's locks; without one, it is PyPSA-Eur's.
"""

from __future__ import annotations

import argparse
import math
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from benchmarks import _bare_solve, _histories, _made_locks, _measure, _slice
from benchmarks._work import Work

MOST_EXPONENT = 1.1
MOST_GROWTH = 1.1
PLATFORM = "linux-64"
PLAN = (*_measure.STRATA, "plan", "--platform", PLATFORM)
SIZE = (*_measure.STRATA, "size", "--platform", PLATFORM)
READ = "from rattler import LockFile; [LockFile.from_path(p) for p in {}]"
USUAL = 500


def real(times: int, locks: Sequence[Path]) -> Iterator[str]:
    """Yield the table of a real project: each command beside what it cannot do without."""
    yield f"\n{'a real project, 4 platforms of about 500':<44}{'seconds':>9}{'MB':>6}   beside: seconds, MB"
    with tempfile.TemporaryDirectory() as name, _slice.project(Path(name)) as project:
        lock, ends = project / "strata.lock", [locks[0], locks[-1]]

        def reading(*files: Path) -> list[str]:
            return [sys.executable, "-c", READ.format([str(file) for file in files])]

        def row(words: str, command: Sequence[str], beside: str, floor: Sequence[str]) -> str:
            def prepare() -> None:
                if words == "lock":
                    lock.unlink(missing_ok=True)

            differs = (0, 1) if "diff" in command else (0,)
            pair = {"ours": command, "floor": floor}
            runs = _measure.alternate(pair, times, cwd=project, before=prepare, fine=differs)
            ours, bare = runs.values()
            return (
                f"{words:<22}{beside:<22}{ours.median:>9.2f}{ours.peak:>6.0f}"
                f"{bare.median:>11.2f}{bare.peak:>6.0f}{ours.median / bare.median:>8.2f} ×"
                f"{ours.peak / bare.peak:>7.2f} ×"
            )

        fresh = [*_measure.STRATA, "lock"]
        _measure.once(fresh, cwd=project)
        yield row("lock", fresh, "four bare solves", [sys.executable, _bare_solve.__file__])
        _measure.once(fresh, cwd=project)
        for words, command in (
            ("check", [*_measure.STRATA, "check"]),
            ("plan", PLAN),
            ("size", SIZE),
        ):
            yield row(words, command, "reading the lock", reading(lock))
        for words, pair in (("diff, one update", locks[-2:]), ("diff, all updates", ends)):
            diff = [*_measure.STRATA, "diff", *map(str, pair)]
            yield row(words, diff, "reading both", reading(*pair))


def growth(counts: Sequence[int], platforms: Sequence[int], work: Work) -> Iterator[str]:
    """Yield how the work above that of a lock of one package grows with the packages."""
    yield f"\n{'work in ' + work.unit:<44}{''.join(f'{n:>9}' for n in (1, *counts))}   exponent"
    for number in platforms:
        for words in ("check", "plan", "diff", "size"):
            yield _row(words, counts, number, work)
    yield _row("plan", counts, platforms[0], work, together=True)


def _row(
    words: str, counts: Sequence[int], platforms: int, work: Work, *, together: bool = False
) -> str:
    subdirs = _slice.PLATFORMS[:platforms]
    with tempfile.TemporaryDirectory() as name:
        found = []
        for count in (1, *counts):
            folder = Path(name) / str(count)
            new = _made_locks.project(folder / "new", count, subdirs, 1, together=together)
            old = _made_locks.project(folder / "old", count, subdirs, together=together)
            files = [str(one / "strata.lock") for one in (old, new)]
            commands = {
                "check": [*_measure.STRATA, "check"],
                "plan": PLAN,
                "diff": [*_measure.STRATA, "diff", *files],
                "size": [*SIZE, "--against", files[0]],
            }
            found.append(work(commands[words], new))
    above = [math.log(max(each - found[0], 1e-9)) for each in found[1:]]
    exponent = statistics.linear_regression(list(map(math.log, counts)), above).slope
    title = f"{words}, {platforms} platform{'s' * (platforms > 1)}{', one release' * together}"
    verdict = "reached" if exponent <= MOST_EXPONENT else "MISSED"
    return (
        f"{title:<44}{''.join(f'{each:>9.3f}' for each in found)}{exponent:>11.2f}"
        f"   goal ≤ {MOST_EXPONENT}: {verdict}"
    )


def history(title: str, files: Sequence[Path]) -> Iterator[str]:
    """Yield what it costs to plan one lock after the other: first and last, seconds and memory."""
    found = _measure.apart(_plans, files)
    # The first one pays for the imports, and takes its memory once.
    few = max(1, len(found) // 5)
    (first, last), size = (found[1 : 1 + few], found[-few:]), len(found)
    seconds = [statistics.median(one[0] / one[2] for one in part) for part in (first, last)]
    peaks = [max(one[1] for one in part) / 1e6 for part in (first, last)]
    kept = statistics.mean(one[3] for one in found[1:])
    yield f"\n{title}: {size} locks in one process, {kept:.0%} of the layers are those of the lock before"
    for what, (before, after) in (
        ("processor, ms per 1000 packages", [1e6 * each for each in seconds]),
        ("peak memory, MB", peaks),
    ):
        verdict = "reached" if after <= MOST_GROWTH * before else "MISSED"
        yield (
            f"{what:<44}{before:>9.0f} →{after:>6.0f}{after / before:>9.2f} ×"
            f"   goal ≤ {MOST_GROWTH}: {verdict}"
        )


def _plans(files: Sequence[Path]) -> list[tuple[float, int, int, float]]:
    """Return for each lock: seconds of processor, peak memory, packages, share of known layers."""
    from conda_strata.image.plan import plan
    from conda_strata.lock import lockfile

    found, known = [], set[str]()
    for file in files:
        started = time.process_time()
        lock = lockfile.read(file)
        keys = {layer.key for layer in plan(lock, "default", PLATFORM)}
        seconds = time.process_time() - started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        packages = sum(len(r) for by in lock.environments.values() for r in by.values())
        found.append((seconds, peak * 1024, packages, len(keys & known) / len(keys)))
        known = keys
    return found


def _made(folder: Path, count: int, platforms: int, updates: int) -> list[Path]:
    """Write a lock and its updates, and return their files."""
    subdirs = _slice.PLATFORMS[:platforms]
    return [
        _made_locks.project(folder / f"{update:03}", count, subdirs, update) / "strata.lock"
        for update in range(updates + 1)
    ]


def main() -> int:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description="What large locks cost.")
    parser.add_argument("folder", nargs="?", type=Path, help="of lock files")
    parser.add_argument("--counts", type=int, nargs="+", default=[250, 500, 1000, 2000])
    parser.add_argument("--platforms", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--updates", type=int, default=36)
    parser.add_argument("--times", type=int, default=7)
    parser.add_argument("--seconds", action="store_true", help="count no instructions")
    asked = parser.parse_args()
    print(_measure.machine(), flush=True)
    with tempfile.TemporaryDirectory() as name:
        size = min(USUAL, asked.counts[-1])
        files = _measure.apart(_made, Path(name) / "made", size, asked.platforms[-1], asked.updates)
        tables = [history("made up", files)]
        folder = None if _slice.missing() else asked.folder or _histories.gather(_histories.TUNED)
        if folder:
            locks = _histories.files(folder)
            tables += [history("a real project", locks), real(asked.times, locks)]
        work = Work(asked.times, seconds=asked.seconds)
        for line in chain(*tables, growth(asked.counts, asked.platforms, work)):
            print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
