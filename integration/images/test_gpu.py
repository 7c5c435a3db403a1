"""The image of a project with ``accelerator=cuda``, on a machine without a GPU."""

from __future__ import annotations

import re
import subprocess
import time
from pathlib import Path

import pytest

from demo import image, surroundings
from demo.project import Project, generate
from tests.conftest import HandMadeChannel

# It looks for a GPU as PyTorch does, and runs on the CPU where there is none.
TORCH = """\
import os


class cuda:
    built = {built}

    def is_available():
        return cuda.built and os.path.exists("/dev/nvidiactl")
"""
ASK = "import torch; print(torch.cuda.built, torch.cuda.is_available())"


@pytest.fixture(scope="module")
def project(rigged: surroundings.Surroundings, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A small project with a stand-in for PyTorch, locked, and its runtime image pushed."""
    assert rigged.cloud
    folder = tmp_path_factory.mktemp("gpu")
    more = {"accelerator": "cuda", "stack": "minimal", "example": "no"}
    owner = {"github_owner": f"owner-{time.time_ns()}"}
    made = generate(folder, rigged.answers | more | owner)
    channel = HandMadeChannel(folder / "channel")
    where = f"lib/python{rigged.answers['python_version']}/site-packages/torch.py"
    for build, number, needs in (("cpu", 0, []), ("cuda129", 200, ["__cuda >=12"])):
        torch = {where: TORCH.format(built=bool(needs))}
        channel.add("pytorch", "2.9", torch, ["python", *needs], build=build, number=number)
    channel.index(compressed=False)
    for file in channel.folder.glob("*/repodata.json"):
        # Added long ago: the project leaves out what a channel has had for less than a week.
        file.write_text(re.sub(r',\s*"indexed_timestamp": ?\d+', "", file.read_text()))
    for name in ("environment.yml", "environment-dev.yml"):
        path = made.folder / name
        path.write_text(
            path.read_text("utf-8").replace(
                "  - conda-forge", f"  - conda-forge\n  - {channel.url}"
            )
        )
    made.add_dependency("pytorch")
    made.strata("lock", *rigged.lock_options)
    image.publish(made.folder, rigged.cloud)
    return made


def test_the_image_has_builds_for_cuda_and_runs_on_the_cpu(project: Project) -> None:
    reference = f"{project.image}:runtime"
    done = image.run(reference, project.folder, "python", "-c", ASK)
    assert (done.returncode, done.stdout) == (0, "True False\n"), done.stderr
    done = image.run(reference, project.folder)
    assert done.returncode == 0, done.stderr


def test_docker_says_that_there_is_no_gpu(project: Project) -> None:
    if Path("/dev/nvidiactl").exists():
        pytest.skip("this machine has a GPU")
    words = image.running(f"{project.image}:runtime", project.folder, options=["--gpus=all"])
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "could not select device driver" in done.stderr
