"""``strata check`` against what it cannot do without: Python, and reading the lock with rattler.

The lock is that of a real project: four platforms of about 500 packages each. The sum it is held
against is that of two processes that do nothing and one that only reads the lock.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks import _measure, _slice

GOAL = 1.0
TIMES = 15


def main() -> int:
    """Measure the three in turns and print the table."""
    if _slice.missing():
        return 0
    print(_measure.machine())
    reading = "from rattler import LockFile; LockFile.from_path('strata.lock')"
    commands = {
        "strata check": [*_measure.STRATA, "check"],
        "python -c pass": [sys.executable, "-c", "pass"],
        "reading the lock": [sys.executable, "-c", reading],
    }
    with tempfile.TemporaryDirectory() as name, _slice.project(Path(name)) as project:
        _measure.once([*_measure.STRATA, "lock"], cwd=project)
        for command in commands.values():
            _measure.once(command, cwd=project)
        runs = _measure.alternate(commands, TIMES, cwd=project)
    check, nothing, read = runs.values()
    _measure.table("four platforms of about 500 packages", runs)
    sum_ = 2 * nothing.median + read.median
    _measure.ratio("check ÷ (2 × nothing + reading)", check.median / sum_, GOAL)
    return 0


if __name__ == "__main__":
    sys.exit(main())
