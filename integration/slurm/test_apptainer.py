"""The page on SLURM and the project's README, followed with an image from a registry, in Apptainer."""

from __future__ import annotations

import os
import re
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

from .checkout import PAGE, RESAMPLES, Checkout, write_scripts

START = (*("pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--editable", "."),)

pytestmark = [
    pytest.mark.clusters,
    pytest.mark.skipif(not (is_root() and can_apt()), reason="SLURM is installed by root, Debian"),
]


def commands(text: str, heading: str) -> list[str]:
    """Return the commands below a heading, for fewer resamples."""
    section = text.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    found = re.findall(r"^\$ (.+(?:\n {4}.+)*)", section, re.MULTILINE)
    return [command.replace("1000", str(RESAMPLES)) for command in found]


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
    project.strata("run", "--", "python", "-m", *START)
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
            pull, use = commands(PAGE.read_text("utf-8"), "The environment")[:2]
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
    for command in commands(PAGE.read_text("utf-8"), "An array of jobs, without Dask"):
        code, said = checkout.run("bash", "-euc", command)
        assert code == 0, said
    assert checkout.metrics("reports") == checkout.metrics("here")
    code, said = checkout.run("bash", "-euc", "$PYTHON -c 'import sys; print(sys.prefix)'")
    assert (code, said.strip()) == (0, "/opt/env")


def test_dask_workers_in_apptainer_give_the_same_numbers(checkout: Checkout) -> None:
    shutil.rmtree(checkout.folder / "reports")
    (command,) = commands(PAGE.read_text("utf-8"), "Dask, with jobs as workers")[-1:]
    code, said = checkout.run("bash", "-euc", command)
    assert code == 0, said
    assert checkout.metrics("reports") == checkout.metrics("here")
    logs = [file.read_text("utf-8") for file in checkout.folder.glob("slurm-*.out")]
    assert any("Starting established connection" in log for log in logs)


def test_the_lines_of_the_projects_readme(checkout: Checkout) -> None:
    shutil.rmtree(checkout.folder / "reports")
    readme = (checkout.folder / "README.md").read_text("utf-8")
    lines = commands(readme, "Run it on more machines")
    slurms = [line for line in lines if not line.startswith("docker compose")]
    assert len(slurms) == 2, lines
    for command in slurms:
        code, said = checkout.run("bash", "-euc", command)
        assert code == 0, said
    assert checkout.metrics("reports") == checkout.metrics("here")
