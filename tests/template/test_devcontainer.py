"""What devcontainer.json asks of the editor and of the container."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.template.conftest import Variant


def container(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / ".devcontainer/devcontainer.json").read_text())
    return found


def test_the_smallest_codespace_is_enough(variant: Variant) -> None:
    """GitHub does not offer a machine that is smaller than what is asked for."""
    asked = container(variant.folder)["hostRequirements"]
    gpu = {"gpu": "optional"} if variant.answers["accelerator"] == "cuda" else {}
    assert asked == {"cpus": 2, "memory": "8gb", "storage": "32gb"} | gpu


def test_what_it_opens_and_runs_is_there(variant: Variant) -> None:
    found = container(variant.folder)
    vscode = found["customizations"]["vscode"]
    for name in found["customizations"]["codespaces"]["openFiles"]:
        assert (variant.folder / name).is_file(), name
    for name in vscode["settings"]["python.testing.pytestArgs"]:
        assert (variant.folder / name).is_dir(), name
    dockerfile = (variant.folder / ".devcontainer/Dockerfile").read_text("utf-8")
    assert vscode["settings"]["python.defaultInterpreterPath"] == "/opt/env/bin/python"
    assert "/opt/env" in dockerfile
    assert f" {found['remoteUser']}\n" in dockerfile
    assert "charliermarsh.ruff" in vscode["extensions"]


def test_ports_have_labels_for_what_the_stack_has(variant: Variant) -> None:
    found = container(variant.folder)
    spec = (variant.folder / "environment.yml").read_text("utf-8")
    labels = {one["label"] for one in found["portsAttributes"].values()}
    assert "JupyterLab" in labels
    assert ("Dask" in labels) == ("- dask\n" in spec)
    assert ("TensorBoard" in labels) == ("- tensorboard\n" in spec)
    assert {str(port) for port in found["forwardPorts"]} <= found["portsAttributes"].keys()


def test_caches_and_history_outlive_the_container(variant: Variant) -> None:
    """Docker gives a new volume the owner that the folder has in the image."""
    (mount,) = container(variant.folder)["mounts"]
    assert mount["target"] == "/home/scientist/.cache"
    dockerfile = (variant.folder / ".devcontainer/Dockerfile").read_text("utf-8")
    assert "mkdir /etc/skel/.cache && useradd" in dockerfile
    assert "COPY --link --from=user --chown=1000:1000 /home/scientist/" in dockerfile
    activation = (variant.folder / ".devcontainer/activate.sh").read_text("utf-8")
    assert 'HISTFILE="$HOME/.cache/' in activation


def test_notebooks_name_the_kernel_that_is_everywhere(variant: Variant) -> None:
    """The one of ipykernel: in the image, in a native prefix and in CI, for every editor."""
    for path in (variant.folder / "analyses").glob("*.ipynb"):
        kernel = json.loads(path.read_text("utf-8"))["metadata"]["kernelspec"]["name"]
        assert kernel == "python3"
    assert "  - ipykernel\n" in (variant.folder / "environment-dev.yml").read_text("utf-8")


@pytest.mark.parametrize("code", [0, 1])
def test_a_terminal_opens_with_what_is_wrong(default: Path, tmp_path: Path, code: int) -> None:
    """As when 'git pull' brought another lock than the container holds; else it says nothing."""
    strata = tmp_path / "strata"
    strata.write_text(f"#!/bin/sh\necho $*\nexit {code}\n")
    strata.chmod(0o755)
    done = subprocess.run(
        ["sh", "-c", container(default)["postAttachCommand"]],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == ("doctor --offline\n" if code else "")


@pytest.mark.parametrize("code", [0, 1])
@pytest.mark.parametrize("name", ["updateContentCommand", "postCreateCommand"])
@pytest.mark.parametrize("codespaces", ["", "true"])
def test_a_command_that_fails_does_not_keep_the_container_shut(
    default: Path, tmp_path: Path, name: str, code: int, codespaces: str
) -> None:
    for program in ("strata", "pre-commit"):
        file = tmp_path / program
        file.write_text(f"#!/bin/sh\necho {program} $*; test -t 0 && exit 9; exit {code}\n")
        file.chmod(0o755)
    done = subprocess.run(
        ["sh", "-c", container(default)[name]],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "CODESPACES": codespaces},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    is_run = name == "updateContentCommand" or codespaces
    assert done.stdout == (
        {"updateContentCommand": "strata install\n", "postCreateCommand": "pre-commit install\n"}[
            name
        ]
        if is_run
        else ""
    )
    assert bool(done.stderr) == bool(code and is_run), "it says what is missing"
