"""Clusters that cannot do the work end the analysis with one message, and never let it wait for ever."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from uv import find_uv_bin

from demo.project import generate
from rig.machine import ports

PACKAGES = ["jinja2", "matplotlib", "pandas", "scikit-learn"]
OLD = "2024.1.0"

# The workers' own need of memory, once they have the packages that the work imports.
NEED = "import os; from penguin_study import bootstrap; from psutil import Process; "
NEED += "from distributed import worker; print(Process().memory_info().rss)"

pytestmark = [
    pytest.mark.clusters,
    pytest.mark.skipif(sys.platform != "linux", reason="starts processes as Linux does"),
]


@dataclass(frozen=True)
class Checkout:
    """A project, and folders with environments of two versions of Dask."""

    folder: Path
    new: Path
    old: Path

    @property
    def env(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": "src", "OMP_NUM_THREADS": "1"}

    @contextmanager
    def running(self, *words: str | Path) -> Iterator[None]:
        """Run a program while the context lasts; its output is left out."""
        silent = subprocess.DEVNULL
        with subprocess.Popen(
            words, cwd=self.folder, env=self.env, stdout=silent, stderr=silent
        ) as child:
            try:
                yield
            finally:
                child.terminate()

    @contextmanager
    def cluster(
        self, scheduler: Path, worker: Path, *words: str
    ) -> Iterator[tuple[str, subprocess.CompletedProcess[str]]]:
        """Start a scheduler and a worker of the environments given, and run the analysis there."""
        port = ports.choose("127.0.0.1", None)
        address = f"tcp://127.0.0.1:{port}"
        here = ["--host=127.0.0.1", "--no-dashboard"]
        with (
            self.running(scheduler / "bin/dask", "scheduler", f"--port={port}", *here),
            self.running(worker / "bin/dask", "worker", address, "--nthreads=1", *here, *words),
        ):
            ports.wait_for(lambda: not ports.can_bind("127.0.0.1", port), 60, "no scheduler")
            yield address, self.analysis(address)

    def analysis(self, address: str) -> subprocess.CompletedProcess[str]:
        start = "import sys; from penguin_study import __main__, cluster; cluster.STUCK = 60; "
        start += "sys.exit(__main__.main(['--resamples=40', '--out=there']))"
        return subprocess.run(
            [self.new / "bin/python", "-c", start],
            cwd=self.folder,
            env=self.env | {"DASK_SCHEDULER_ADDRESS": address},
            capture_output=True,
            text=True,
            check=False,
            timeout=400,
        )


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    folder = tmp_path_factory.mktemp("cluster")
    project = generate(folder, {"registry": "ghcr.io"}).folder
    uv = [find_uv_bin(), "--quiet", "--no-config"]
    for name, dask in (("new", "dask[distributed]"), ("old", f"dask[distributed]=={OLD}")):
        subprocess.run([*uv, "venv", "--python=3.11", folder / name], check=True)
        python = f"--python={folder / name}/bin/python"
        subprocess.run([*uv, "pip", "install", python, dask, *PACKAGES], check=True)
    return Checkout(project, folder / "new", folder / "old")


def _refused(done: subprocess.CompletedProcess[str], sentence: str) -> None:
    assert done.returncode == 3, done.stdout + done.stderr
    assert re.search(sentence, done.stderr), done.stderr
    assert "Traceback" not in done.stderr


def test_a_scheduler_of_another_version_is_refused(checkout: Checkout) -> None:
    with checkout.cluster(checkout.old, checkout.old) as (address, done):
        _refused(done, rf"the scheduler at {address} is of Dask {OLD}, and this is 20\d\d\.")


def test_a_worker_of_another_version_is_refused(checkout: Checkout) -> None:
    with checkout.cluster(checkout.new, checkout.old) as (_, done):
        _refused(done, rf"has another environment than this, .*distributed: \S+ here, {OLD} there")


@pytest.mark.parametrize("share", [1.12, 0.95], ids=["is paused", "is restarted"])
def test_a_worker_without_memory_ends_the_run(checkout: Checkout, share: float) -> None:
    """Above 80 % of its limit it is paused, above 95 % restarted; it can never do the work."""
    python = checkout.new / "bin/python"
    words = {"cwd": checkout.folder, "env": checkout.env, "text": True}
    need = int(subprocess.check_output([python, "-c", NEED], **words))  # type: ignore[call-overload]
    limit = f"--memory-limit={int(need * share)}"
    with checkout.cluster(checkout.new, checkout.new, limit) as (address, done):
        _refused(done, f"no worker of {address} has taken work for 60 s|ended several workers")
