"""The question ``accelerator``: CUDA for linux-64, the CPU for all others, and nothing of it by default."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from conda_strata.lock import lockfile
from conda_strata.spec import manifest
from tests.conftest import HandMadeChannel
from tests.template.conftest import Variant, bake, files

PLATFORMS = ("linux-64", "linux-aarch64", "osx-arm64", "win-64")
WORDS = re.compile("(?i)cuda|gpu|nvidia")


def test_without_an_accelerator_no_file_knows_of_one(variant: Variant) -> None:
    said = {name for name, content in files(variant.folder).items() if WORDS.search(name)}
    said |= {
        name
        for name, content in files(variant.folder).items()
        if name != ".cruft.json" and WORDS.search(content.decode(errors="replace"))
    }
    if variant.answers["accelerator"] == "none":
        assert said == set()
    else:
        assert {"virtual-packages.yml", "README.md", ".devcontainer/devcontainer.json"} <= said


def test_a_codespace_may_have_a_gpu_and_a_container_is_given_it(tmp_path: Path) -> None:
    folder = bake(tmp_path, accelerator="cuda")

    container = json.loads((folder / ".devcontainer/devcontainer.json").read_text("utf-8"))
    assert container["hostRequirements"]["gpu"] == "optional"
    assert "docker run --rm --gpus all " in (folder / "README.md").read_text("utf-8")
    compose = yaml.safe_load((folder / "compose.yaml").read_text("utf-8"))
    gpu = yaml.safe_load((folder / "compose.gpu.yaml").read_text("utf-8"))
    assert gpu["services"].keys() == {"worker"} < compose["services"].keys()


def test_only_linux_64_is_locked_for_cuda(tmp_path: Path) -> None:
    folder = bake(tmp_path, accelerator="cuda", stack="deep-learning")
    read = manifest.load(manifest.find(folder))

    assert {p for p in read.platforms if "__cuda" in read.virtual_packages[p]} == {"linux-64"}
    assert [s.text for s in read.environments["default"] if "gpu" in s.text] == ["pytorch-gpu"]


@dataclass(frozen=True)
class DeepLearning:
    """A project of the stack, on a machine without a GPU; its channel has PyTorch as conda-forge does."""

    folder: Path
    cache: Path

    def strata(self, *words: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "conda_strata", *words],
            cwd=self.folder,
            env=os.environ | {"RATTLER_CACHE_DIR": str(self.cache), "CONDA_OVERRIDE_CUDA": ""},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def builds(self) -> dict[str, str]:
        """Return platform to the locked build of PyTorch."""
        solution = lockfile.read(self.folder / "strata.lock").environments["default"]
        return {
            subdir: str(record.build)
            for subdir, records in solution.items()
            for record in records
            if record.name.normalized == "pytorch"
        }


@pytest.fixture
def project(tmp_path: Path) -> DeepLearning:
    folder = bake(tmp_path, accelerator="cuda", stack="deep-learning", python_version="3.11")
    channel = HandMadeChannel(tmp_path / "channel")
    read = manifest.load(manifest.find(folder))
    names = {spec.text.split()[0] for specs in read.environments.values() for spec in specs}
    for name in names - {"python", "pytorch", "pytorch-gpu"}:
        channel.add(name, depends=["python"], entry_points=[])
    for subdir in PLATFORMS:
        channel.add("python", "3.11.5", subdir=subdir)
        channel.add("pytorch", "2.9", subdir=subdir, build="cpu")
    # Builds for CUDA have higher numbers, so that they are taken where there is a driver.
    for cuda in ("12", "13"):
        needs = [f"__cuda >={cuda}", f"cuda-libraries {cuda}.*"]
        channel.add("cuda-libraries", f"{cuda}.0", depends=needs[:1])
        channel.add("pytorch", "2.9", depends=needs, build=f"cuda{cuda}", number=200 + int(cuda))
    channel.add("pytorch-gpu", "2.9", depends=["pytorch 2.9 cuda*"])
    channel.index(compressed=False)
    for file in channel.folder.glob("*/repodata.json"):
        # Added long ago: the project leaves out what a channel has had for less than a week.
        file.write_text(re.sub(r',\s*"indexed_timestamp": ?\d+', "", file.read_text()))
    for file in folder.glob("environment*.yml"):
        file.write_text(file.read_text().replace("- conda-forge", f"- {channel.url}"))
    made = DeepLearning(folder, tmp_path / "cache")
    made.strata("lock")
    return made


def test_a_machine_without_a_gpu_locks_and_installs_builds_for_cuda(project: DeepLearning) -> None:
    assert project.builds() == dict.fromkeys(PLATFORMS, "cpu_0") | {"linux-64": "cuda12_212"}

    sizes = json.loads(project.strata("size", "--platform", "linux-64", "--json"))
    assert "cuda-libraries" in json.dumps(sizes)
    assert "cuda-libraries" not in project.strata("size", "--platform", "win-64", "--json")
    project.strata("install", "--platform", "linux-64", "--prefix", str(project.cache / "prefix"))


def test_another_version_of_cuda_makes_another_lock(project: DeepLearning) -> None:
    file = project.folder / "virtual-packages.yml"
    file.write_text(file.read_text("utf-8").replace('"12.9"', '"13.0"'), "utf-8")

    assert "__cuda=12.9=0, __cuda=13.0=0" in project.strata("check", code=1)
    project.strata("lock", "--upgrade")
    assert project.builds()["linux-64"] == "cuda13_213"


def test_a_gpu_that_the_lock_does_not_assume_is_asked_for_in_vain(project: DeepLearning) -> None:
    """Rather than locked for the CPU in silence, when someone removes the file."""
    (project.folder / "virtual-packages.yml").unlink()

    project.strata("lock", code=4)
