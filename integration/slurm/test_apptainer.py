"""The page on SLURM and the project's README, followed with an image from a registry, in Apptainer."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import rig
from demo import image, surroundings
from demo.project import generate
from rig import slurm
from rig.images import registry
from rig.machine.commands import can_apt, is_root
from rig.slurm import apptainer
from tests.docs.command_blocks import commands

from .checkout import PAGE, RESAMPLES, Checkout, write_scripts

INSTALL = ("pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--editable", ".")

pytestmark = [
    pytest.mark.clusters,
    pytest.mark.skipif(not (is_root() and can_apt()), reason="SLURM is installed by root, Debian"),
]


def typed(page: Path, *starts: str) -> list[str]:
    """Return the commands of a page that start so, one for each, for fewer resamples."""
    texts = [command.text for command in commands(page)]
    found = [next(text for text in texts if text.startswith(start)) for start in starts]
    return [text.replace("1000", str(RESAMPLES)) for text in found]


@pytest.fixture(scope="module")
def checkout(
    rigged: surroundings.Surroundings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Checkout]:
    """A project with its environment on the login node, and its image in a registry."""
    assert rigged.cloud
    answers = rigged.answers | {"github_owner": f"owner-{time.time_ns()}"}
    project = generate(tmp_path_factory.mktemp("shared"), answers)
    if rigged.platforms:
        project.lock_only_for(rigged.platforms)
    # The rig's channel does not have it, so it comes from PyPI.
    project.strata("add", "--dev", "--pip", "dask-jobqueue")
    project.strata("install", "--env", "dev")
    project.strata("run", "--", "python", "-m", *INSTALL)
    image.publish(project.folder, rigged.cloud)
    write_scripts(project.folder)
    programs = tmp_path_factory.mktemp("programs")
    try:
        apptainer.install(programs)
        with slurm.running(tmp_path_factory.mktemp("slurm")) as configuration:
            made = Checkout(project.folder, configuration)
            path = (str(programs), str(Path(sys.executable).parent), os.environ["PATH"])
            del made.env["PYTHONPATH"]  # the project is installed
            made.env |= {"PATH": os.pathsep.join(path), "APPTAINER_NOHTTPS": "true"}
            assert made.analysis("--out=here")[0] == 0
            pull, use = typed(PAGE, "apptainer pull", 'export PYTHON="apptainer')
            address, _, name = project.image.partition("/")
            digest = registry.digest(address, name, "runtime")
            pull = pull.replace("ghcr.io/octo-org/penguin-study", project.image)
            code, said = made.run("bash", "-euc", pull.replace("sha256:DIGEST", str(digest)))
            assert code == 0, said
            made.env["PYTHON"] = made.run("bash", "-euc", f'{use}; printf %s "$PYTHON"')[1]
            yield made
    except rig.RigError as error:
        pytest.fail(str(error))


def test_an_array_of_jobs_in_apptainer_gives_the_same_numbers(checkout: Checkout) -> None:
    for command in typed(PAGE, "sbatch --wait parts.sh", "$PYTHON -m"):
        code, said = checkout.run("bash", "-euc", command)
        assert code == 0, said
    assert checkout.metrics("reports") == checkout.metrics("here")
    code, said = checkout.run("bash", "-euc", "$PYTHON -c 'import sys; print(sys.prefix)'")
    assert (code, said.strip()) == (0, "/opt/env")


def test_dask_workers_in_apptainer_give_the_same_numbers(checkout: Checkout) -> None:
    shutil.rmtree(checkout.folder / "reports")
    (command,) = typed(PAGE, ".conda/bin/python on_slurm.py")
    code, said = checkout.run("bash", "-euc", command)
    assert code == 0, said
    assert checkout.metrics("reports") == checkout.metrics("here")
    logs = [file.read_text("utf-8") for file in checkout.folder.glob("slurm-*.out")]
    assert any("Starting established connection" in log for log in logs)


def test_the_lines_of_the_projects_readme(checkout: Checkout) -> None:
    shutil.rmtree(checkout.folder / "reports")
    submit, collect = "sbatch --wait", "strata run -- python -m penguin_study"
    for command in typed(checkout.folder / "README.md", submit, collect):
        code, said = checkout.run("bash", "-euc", command)
        assert code == 0, said
    assert checkout.metrics("reports") == checkout.metrics("here")
