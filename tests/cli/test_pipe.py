"""Output that nobody reads to its end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import Strata


def test_a_closed_pipe_is_no_crash(strata: Strata, project: Path) -> None:
    """As in `strata plan --json | head -1`, where head is gone before the output is."""
    strata("lock")
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        done = subprocess.run(
            [sys.executable, "-m", "conda_strata", "plan", "--json"],
            cwd=project, stdout=pipe, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (1, "")
