"""The devcontainer, opened by the devcontainer CLI as VS Code and Codespaces open it."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo import image
from rig.machine.state import cache_dir

from .conftest import Built

CLI = "@devcontainers/cli@0.89.0"


@pytest.fixture(scope="module")
def devcontainer() -> str:
    """The CLI, from npm into the rig's cache."""
    folder = cache_dir() / "npm"
    program = folder / "node_modules" / ".bin" / "devcontainer"
    if not program.exists():
        if shutil.which("npm") is None:
            subprocess.run(["apt-get", "install", "--quiet", "--yes", "nodejs", "npm"], check=True)
        command = ["npm", "install", "--silent", "--no-fund", "--prefix", str(folder), CLI]
        subprocess.run(command, check=True)
    return str(program)


@pytest.fixture
def opened(
    built: Built, devcontainer: str, tmp_path: Path
) -> Iterator[tuple[list[str], subprocess.CompletedProcess[str]]]:
    """``devcontainer up`` on a machine that has nothing of the project but its checkout."""
    if not built.here.own_docker:
        pytest.skip("this Docker daemon is not the rig's own: its cache is not ours to drop")
    image.forget(built.reference(target) for target in image.TARGETS)
    folder = tmp_path / "checkout"
    shutil.copytree(built.project.folder, folder, ignore=shutil.ignore_patterns(".conda"))
    where = ["--workspace-folder", str(folder)]
    up = subprocess.run([devcontainer, "up", *where], capture_output=True, text=True, check=False)
    yield [devcontainer, "exec", *where], up
    if up.stdout.strip().startswith("{"):
        container = json.loads(up.stdout.strip().splitlines()[-1]).get("containerId", "")
        subprocess.run(["docker", "rm", "--force", container], capture_output=True, check=False)


def test_opens_the_published_image_and_passes_the_tests(
    opened: tuple[list[str], subprocess.CompletedProcess[str]],
) -> None:
    """The image is pulled, nothing is built or installed; the tests pass inside, as its user."""
    execute, up = opened
    assert up.returncode == 0, up.stdout + up.stderr
    assert json.loads(up.stdout.strip().splitlines()[-1])["remoteUser"] == "scientist"
    assert "/opt/env: dev, " in up.stderr, "strata install did not look after the environment"
    assert "installing" not in up.stderr, "the image lacks what the lock has"

    def inside(*words: str) -> str:
        done = subprocess.run([*execute, *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert " passed" in inside("pytest")
    assert inside("git", "--version").startswith("git version")
    assert inside("sh", "-c", "command -v python").strip() == "/opt/env/bin/python"
    inside("sh", "-c", 'touch "$CONDA_PREFIX/writable" && rm "$CONDA_PREFIX/writable"')
    assert inside("pwd").strip() == "/workspaces/checkout"
