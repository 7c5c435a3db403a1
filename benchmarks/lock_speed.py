"""``strata lock`` of a real project against nothing but the solves it consists of.

60 specs, four platforms of about 500 packages each, real repodata on loopback. Both sides are fresh
processes; the other side reads the specs, has rattler solve the platforms at once, and writes
nothing. conda-lock, which does the same job, needs the program conda, mamba or micromamba, which
PyPI does not have: it is not compared here.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks import _bare_solve, _measure, _slice

GOAL = 1.5
TIMES = 7


def main() -> int:
    """Measure with repodata in the cache and without, and print the tables."""
    if _slice.missing():
        return 0
    print(_measure.machine())
    commands = {
        "strata lock": [*_measure.STRATA, "lock"],
        "four bare rattler solves": [sys.executable, _bare_solve.__file__],
    }
    with tempfile.TemporaryDirectory() as name, _slice.project(Path(name)) as project:

        def no_lock() -> None:
            (project / "strata.lock").unlink(missing_ok=True)

        def nothing_kept() -> None:
            no_lock()
            shutil.rmtree(Path(name) / "home" / "cache", ignore_errors=True)

        for command in commands.values():
            _measure.once(command, cwd=project)
        warm = _measure.alternate(commands, TIMES, cwd=project, before=no_lock)
        cold = _measure.alternate(commands, TIMES, cwd=project, before=nothing_kept)
        _measure.once(commands["strata lock"], cwd=project)
        again = {"strata lock, lock there already": commands["strata lock"]}
        kept = _measure.alternate(again, TIMES, cwd=project)
    for title, runs in (("repodata in the cache", warm), ("nothing in the cache", cold)):
        _measure.table(title, runs)
        ours, bare = runs.values()
        _measure.ratio("strata lock ÷ bare solves", ours.median / bare.median, GOAL)
        memory = f"{ours.peak:.0f} MB against {bare.peak:.0f} MB"
        print(f"{'peak memory':<44}{ours.peak / bare.peak:>10.2f} ×   {memory}")
    _measure.table("again, nothing changed", kept)
    return 0


if __name__ == "__main__":
    sys.exit(main())
