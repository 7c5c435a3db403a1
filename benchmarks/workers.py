"""The example's bootstrap on a Dask cluster: two workers against one.

Scheduler and workers are processes of this machine with one thread each, so with fewer than three cores,
the scheduler and the analysis take time from the workers.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from uv import find_uv_bin

from benchmarks import _measure
from demo.project import generate
from rig.machine import ports

GOAL = 1.2  # of two cores, on which the scheduler and the analysis run, too
TIMES = 2
RESAMPLES = 600
PACKAGES = ("dask[distributed]", "jinja2", "matplotlib", "pandas", "scikit-learn")
HERE = ("--host=127.0.0.1", "--no-dashboard")


def main() -> int:
    """Measure one and two workers in turns."""
    print(_measure.machine())
    with tempfile.TemporaryDirectory() as name:
        project = generate(Path(name), {"registry": "ghcr.io"}).folder
        uv = [find_uv_bin(), "--quiet", "--no-config"]
        _measure.once([*uv, "venv", "--python=3.11", ".conda"], cwd=project)
        _measure.once([*uv, "pip", "install", "--python=.conda/bin/python", *PACKAGES], cwd=project)
        os.environ |= {"PYTHONPATH": "src", "OMP_NUM_THREADS": "1"}
        runs = {1: _measure.Runs(), 2: _measure.Runs()}
        for _ in range(TIMES):
            for count, taken in runs.items():
                with _cluster(project, count) as address:
                    os.environ["DASK_SCHEDULER_ADDRESS"] = address
                    _analysis(project, 10)  # the workers import what they need
                    _analysis(project, RESAMPLES, taken)
    for count, taken in runs.items():
        print(f"{count} worker{'s' * (count > 1)}: {taken.median:.1f} s for {RESAMPLES} resamples")
    ratio = runs[1].median / runs[2].median
    verdict = "reached" if ratio >= GOAL else "MISSED"
    print(f"two workers against one: {ratio:.2f} × as fast   goal ≥ {GOAL}: {verdict}")
    return 0


def _analysis(project: Path, resamples: int, runs: _measure.Runs | None = None) -> None:
    words = ("-m", "penguin_study", f"--resamples={resamples}")
    _measure.once([".conda/bin/python", *words], runs, cwd=project)


@contextmanager
def _cluster(project: Path, count: int) -> Iterator[str]:
    """Run a scheduler and *count* workers while the context lasts; yield the address."""
    port = ports.choose("127.0.0.1", None)
    address = f"tcp://127.0.0.1:{port}"
    worker = ["worker", address, "--nthreads=1", "--no-nanny", *HERE]
    commands = [["scheduler", f"--port={port}", *HERE], *[worker] * count]
    silent = subprocess.DEVNULL
    started = [
        subprocess.Popen([".conda/bin/dask", *words], cwd=project, stdout=silent, stderr=silent)
        for words in commands
    ]
    try:
        ask = f"from distributed import Client; Client({address!r}, timeout=60).wait_for_workers({count}, 60)"
        _measure.once([".conda/bin/python", "-c", ask], cwd=project)
        yield address
    finally:
        # Killed, as a worker whose scheduler ends first may wait for it without end.
        for process in started:
            process.kill()
            process.wait()
        time.sleep(1)


if __name__ == "__main__":
    sys.exit(main())
