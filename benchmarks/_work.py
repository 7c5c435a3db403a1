"""What a command costs, told so that other programs on the machine change it little."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from benchmarks import _measure

_COUNTED = ("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null")


class Work:
    """What a command costs: giga-instructions where they can be counted, else seconds of processor.

    Attributes
    ----------
    unit
        What is counted.
    """

    def __init__(self, times: int, *, seconds: bool) -> None:
        self._times = times
        self._counts = not seconds and shutil.which(_COUNTED[0]) is not None
        self.unit = "10⁹ instructions" if self._counts else "seconds of processor"

    def __call__(self, command: Sequence[str], folder: Path) -> float:
        """Run a command in *folder* and return what it cost."""
        fine = (0, 1) if "diff" in command else (0,)
        runs = _measure.Runs()
        _measure.once(command, cwd=folder, fine=fine)
        if not self._counts:
            for _ in range(self._times):
                _measure.once(command, runs, folder, fine=fine)
            return min(runs.processor)
        env = os.environ | {"PYTHONHASHSEED": "0"}
        done = subprocess.run(
            [*_COUNTED, *command], cwd=folder, env=env, capture_output=True, text=True, check=False
        )
        said = re.search(r"I\s+refs:\s+([\d,]+)", done.stderr)
        assert said, done.stderr
        return int(said[1].replace(",", "")) / 1e9
