"""The devcontainer, opened by the devcontainer CLI as VS Code and Codespaces open it."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from demo import image
from rig.images import devcontainer as containers
from rig.machine import npm

from .conftest import Built


@pytest.fixture(scope="module")
def devcontainer() -> str:
    return str(npm.modules() / ".bin/devcontainer")


@dataclass(frozen=True)
class Checkout:
    """A checkout of the project, and the container in which it is opened."""

    devcontainer: str
    folder: Path

    def up(self, *options: str) -> tuple[dict[str, str], str]:
        """Open it, and return the result and what was said."""
        done = self._run("up", *options)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout.strip().splitlines()[-1]), done.stderr

    def inside(self, *words: str, stdin: str = "") -> str:
        done = self._run("exec", options=words, stdin=stdin)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def _run(
        self, action: str, *flags: str, options: Sequence[str] = (), stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        command = [self.devcontainer, action, *flags, "--workspace-folder", str(self.folder)]
        return subprocess.run(
            [*command, *options], input=stdin, capture_output=True, text=True, check=False
        )


@pytest.fixture(scope="module")
def checkout(
    built: Built, devcontainer: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Checkout]:
    """On a machine that has nothing of the project but its checkout."""
    if not built.here.own_docker:
        pytest.skip("this Docker daemon is not the rig's own: its cache is not ours to drop")
    image.forget(built.reference(target) for target in image.TARGETS)
    folder = tmp_path_factory.mktemp("devcontainer") / "checkout"
    shutil.copytree(built.project.folder, folder, ignore=shutil.ignore_patterns(".conda"))
    yield Checkout(devcontainer, folder)
    containers.forget(folder)


def test_opens_the_published_image_and_passes_the_tests(checkout: Checkout) -> None:
    """The image is pulled, nothing is built or installed; the tests pass inside, as its user."""
    result, said = checkout.up()
    assert result["remoteUser"] == "scientist"
    assert "/opt/env: dev, " in said, "strata install did not look after the environment"
    assert "installing" not in said, "the image lacks what the lock has"

    assert " passed" in checkout.inside("pytest")
    assert checkout.inside("git", "--version").startswith("git version")
    assert checkout.inside("sh", "-c", "command -v python").strip() == "/opt/env/bin/python"
    checkout.inside("sh", "-c", 'touch "$CONDA_PREFIX/writable" && rm "$CONDA_PREFIX/writable"')
    assert checkout.inside("pwd").strip() == "/workspaces/checkout"


def test_what_the_settings_name_is_in_the_container(checkout: Checkout) -> None:
    checkout.up()
    said = json.loads((checkout.folder / ".devcontainer/devcontainer.json").read_text("utf-8"))
    settings = said["customizations"]["vscode"]["settings"]
    python = settings["python.defaultInterpreterPath"]
    paths = "import sys, {0}; print(sys.prefix, {0}.__file__)".format("penguin_study")
    source = "/workspaces/checkout/src/penguin_study/__init__.py"
    assert checkout.inside(python, "-c", paths).split() == ["/opt/env", source]
    found = checkout.inside(
        "pytest", "--collect-only", "-q", *settings["python.testing.pytestArgs"]
    )
    assert "test_notebooks.py" in found
    kernels = json.loads(checkout.inside("jupyter", "kernelspec", "list", "--json"))
    kernel = kernels["kernelspecs"]["python3"]
    assert kernel["resource_dir"].startswith("/opt/env/")
    assert kernel["spec"]["argv"][0] in {"python", python}
    checkout.inside("ruff", "--version")
    checkout.inside("pre-commit", "--version")


def test_opens_again_with_a_forgotten_lock_and_keeps_caches(checkout: Checkout) -> None:
    """A rebuild in the middle of an edit: with what the image has, and it says what is missing."""
    checkout.up()
    checkout.inside("bash", "-i", stdin="touch ~/.cache/kept\necho remembered\n")
    file = checkout.folder / "environment.yml"
    file.write_text(file.read_text("utf-8") + "  - mdurl\n", "utf-8")
    _, said = checkout.up("--remove-existing-container")
    assert "The environment is still that of the image" in said
    assert "mdurl" in said
    assert "/opt/env" in checkout.inside("python", "-c", "import sys; print(sys.prefix)")
    checkout.inside("test", "-O", "/home/scientist/.cache/kept")
    assert "echo remembered" in checkout.inside("cat", "/home/scientist/.cache/bash_history")
