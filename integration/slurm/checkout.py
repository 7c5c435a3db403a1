"""A project on a machine with SLURM, and the page that its user follows."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs/how-to/slurm.md"
RESAMPLES = 40


def write_scripts(project: Path) -> None:
    """Write the scripts of the page into a project, for fewer resamples."""
    for name in ("parts.sh", "on_slurm.py"):
        found = re.search(rf"`{name}`:\n\n```\w+\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
        assert found
        (project / name).write_text(found[1].replace("1000", str(RESAMPLES)), "utf-8")


class Checkout:
    """A project on a machine with SLURM, and with its environment in ``.conda``."""

    def __init__(self, folder: Path, configuration: Path) -> None:
        self.folder = folder
        self.env = {
            **os.environ,
            "SLURM_CONF": str(configuration),
            "PYTHONPATH": "src",
            "DASK_JOBQUEUE__SLURM__INTERFACE": "lo",
            "PYTHON": str(folder / ".conda/bin/python"),
        }

    @contextmanager
    def start(self, *words: str) -> Iterator[subprocess.Popen[str]]:
        """Start a program, which does not outlive the test."""
        with subprocess.Popen(
            words,
            cwd=self.folder,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as child:
            try:
                yield child
            finally:
                child.kill()

    def run(self, *words: str) -> tuple[int, str]:
        with self.start(*words) as child:
            said, _ = child.communicate(timeout=400)
        return child.returncode, said

    def analysis(self, *words: str) -> tuple[int, str]:
        command = (".conda/bin/python", "-m", "penguin_study", f"--resamples={RESAMPLES}", *words)
        return self.run(*command)

    def jobs(self, state: str) -> list[str]:
        """Return the names of the jobs in *state*, as 12 or 12_3."""
        _, said = self.run("squeue", "--noheader", "--format=%i", f"--states={state}")
        return sorted(said.split())

    def metrics(self, folder: str) -> str:
        return (self.folder / folder / "metrics.json").read_text("utf-8")

    def connected(self) -> list[str]:
        """Return the running jobs whose worker has reached the scheduler."""
        logs = {job: self.folder / f"slurm-{job}.out" for job in self.jobs("RUNNING")}
        sign = "Starting established connection"
        return [job for job, log in logs.items() if log.exists() and sign in log.read_text("utf-8")]


def wait(ready: Callable[[], bool], child: subprocess.Popen[str]) -> None:
    """Wait until something is so; the program must run as long."""
    deadline = time.monotonic() + 200
    while not ready():
        assert child.poll() is None, child.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.2)
