"""The page on SLURM, followed on real SLURM: what its scripts print is what one machine prints."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator

import pytest
from uv import find_uv_bin

import rig
from demo.project import generate
from rig import slurm
from rig.machine.commands import can_apt, is_root

from .checkout import Checkout, wait, write_scripts

PACKAGES = ["dask[distributed]", "dask-jobqueue", "jinja2", "matplotlib", "pandas", "scikit-learn"]

pytestmark = [
    pytest.mark.clusters,
    pytest.mark.skipif(not (is_root() and can_apt()), reason="SLURM is installed by root, Debian"),
]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    folder = tmp_path_factory.mktemp("shared")
    project = generate(folder, {"registry": "ghcr.io"}).folder
    uv = [find_uv_bin(), "--quiet", "--no-config"]
    subprocess.run([*uv, "venv", "--python=3.11", ".conda"], cwd=project, check=True)
    install = [*uv, "pip", "install", "--python=.conda/bin/python", *PACKAGES]
    subprocess.run(install, cwd=project, check=True)
    write_scripts(project)
    try:
        with slurm.running(tmp_path_factory.mktemp("slurm")) as configuration:
            made = Checkout(project, configuration)
            assert made.analysis("--out=here")[0] == 0
            yield made
    except rig.RigError as error:
        pytest.fail(str(error))


def test_an_array_of_jobs_gives_the_same_numbers_after_one_was_cancelled(
    checkout: Checkout,
) -> None:
    with checkout.start("sbatch", "--wait", "parts.sh") as waiting:
        wait(lambda: any(job.endswith("_2") for job in checkout.jobs("RUNNING")), waiting)
        (second,) = (job for job in checkout.jobs("RUNNING") if job.endswith("_2"))
        checkout.run("scancel", second)
        waiting.communicate(timeout=400)
    assert waiting.returncode != 0

    code, said = checkout.analysis("--parts=4")
    assert (code, "compute it with --part 2/4" in said) == (2, True), said

    assert checkout.run("sbatch", "--wait", "--array=2", "parts.sh")[0] == 0
    code, said = checkout.analysis("--parts=4")
    assert code == 0, said
    assert checkout.metrics("reports") == checkout.metrics("here")


def test_dask_on_slurm_gives_the_same_numbers_while_a_job_is_cancelled(checkout: Checkout) -> None:
    shutil.rmtree(checkout.folder / "reports")
    with checkout.start(".conda/bin/python", "on_slurm.py") as child:
        wait(lambda: len(checkout.connected()) >= 2, child)
        time.sleep(2)
        assert child.poll() is None, "the work was done before a job could be cancelled"
        checkout.run("scancel", checkout.connected()[0])
        said, _ = child.communicate(timeout=400)
    assert child.returncode == 0, said
    assert checkout.metrics("reports") == checkout.metrics("here")
    assert checkout.jobs("RUNNING") == []


def test_jobs_that_are_preempted_are_done_later(checkout: Checkout) -> None:
    """A job of a more urgent partition takes all cores; SLURM queues the others again."""
    shutil.rmtree(checkout.folder / "reports")
    with checkout.start("sbatch", "--wait", "parts.sh") as waiting:
        wait(lambda: bool(checkout.jobs("RUNNING")), waiting)
        urgent = ["--partition=urgent", f"--ntasks={slurm.CPUS}", "sleep", "1"]
        assert checkout.run("srun", *urgent)[0] == 0
        _, said = checkout.run("squeue", "--noheader", "--array", "--format=%i %r %V")
        assert "BeginTime" in said, said
        # SLURM holds them back for two minutes.
        waiting.communicate(timeout=400)
    assert waiting.returncode == 0
    assert checkout.analysis("--parts=4")[0] == 0
    assert checkout.metrics("reports") == checkout.metrics("here")


def test_jobs_that_slurm_refuses_end_the_run(checkout: Checkout) -> None:
    file = checkout.folder / "too_large.py"
    text = (checkout.folder / "on_slurm.py").read_text("utf-8")
    file.write_text(text.replace('"1GB"', '"9999GB"'), "utf-8")
    code, said = checkout.run(".conda/bin/python", file.name)
    assert code == 1
    assert "SLURM refuses the workers' jobs: " in said
    assert "Traceback" not in said
    assert checkout.run("sbatch", "--test-only", "--mem=9999G", "parts.sh")[0] != 0


def test_a_job_can_ask_for_the_gpus_that_there_are(checkout: Checkout) -> None:
    code, said = checkout.run("srun", "--gres=gpu:1", "true")
    assert code == 0, said
    assert checkout.run("sbatch", "--test-only", "--gres=gpu:2", "parts.sh")[0] == 0
    assert checkout.run("sbatch", "--test-only", "--gres=gpu:3", "parts.sh")[0] != 0
