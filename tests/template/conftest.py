"""Projects generated from the template, offline."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cookiecutter.main import cookiecutter

TEMPLATE = Path(__file__).parents[2]
SOURCE = TEMPLATE / "{{cookiecutter.__folder}}"
QUESTIONS: dict[str, Any] = json.loads((TEMPLATE / "cookiecutter.json").read_text("utf-8"))

ME = ("-c", "user.name=Me", "-c", "user.email=me@example.com", "-c", "commit.gpgsign=false")


def git(folder: Path, *words: str) -> str:
    """Return what git says to *words* in *folder*."""
    done = subprocess.run(
        ["git", *ME, *words], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout


def need_history() -> None:
    """Skip a test where this checkout has no commits but its own, which CI's has."""
    top, shallow = ("--show-toplevel", "--is-shallow-repository")
    try:
        found = [git(TEMPLATE, "rev-parse", option).strip() for option in (top, shallow)]
    except subprocess.CalledProcessError:
        pytest.skip("this is no git repository")
    if Path(found[0]) != TEMPLATE or found[1] == "true":
        pytest.skip("this checkout has no history: 'git fetch --unshallow' in a clone of its own")


def bake(out: Path, **answers: str) -> Path:
    """Generate a project in *out* with the default answers, but for *answers*."""
    folder = cookiecutter(
        str(TEMPLATE),
        no_input=True,
        default_config=True,
        output_dir=str(out),
        extra_context=answers,
    )
    return Path(folder)


def files(folder: Path) -> dict[str, bytes]:
    """Return path to content of the files in *folder*, but for git's own."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    named = ((path.relative_to(folder), path) for path in found)
    return {name.as_posix(): path.read_bytes() for name, path in named if name.parts[0] != ".git"}


@dataclass(frozen=True)
class Variant:
    """A generated project, and the answers that made it."""

    folder: Path
    answers: dict[str, str]


REGISTRIES = {
    "github": "ghcr.io",
    "password": "docker.io/me",
    "azure": "lab.azurecr.io",
    "aws": "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
    "google": "europe-docker.pkg.dev/project/images",
}
"""A registry of each kind, by its kind."""


def variants() -> Iterator[dict[str, str]]:
    """Yield answers in which every pair of choices comes together at least once."""
    licences, versions = QUESTIONS["license"], QUESTIONS["python_version"]
    # Orthogonal Latin squares of order 5; four choices use the fifth symbol as their first again.
    for i, stack in enumerate(QUESTIONS["stack"]):
        for j, registry in enumerate(REGISTRIES.values()):
            yield {
                "stack": stack,
                "license": licences[(i + j) % 5 % len(licences)],
                "python_version": versions[(i + 2 * j) % 5 % len(versions)],
                "registry": registry,
                "example": QUESTIONS["example"][(i + 3 * j) % 5 % 2],
                "accelerator": QUESTIONS["accelerator"][(i + 4 * j) % 5 % 2],
            }


@pytest.fixture(scope="session", params=variants(), ids=lambda answers: "-".join(answers.values()))
def variant(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Variant:
    answers: dict[str, str] = request.param
    return Variant(bake(tmp_path_factory.mktemp("variant"), **answers), answers)


@pytest.fixture(scope="session")
def default(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the project that the default answers make."""
    return bake(tmp_path_factory.mktemp("default"))


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """Return a git repository that holds the template."""
    folder = tmp_path / "template"
    for name in (SOURCE.name, "hooks"):
        shutil.copytree(TEMPLATE / name, folder / name)
    shutil.copy(TEMPLATE / "cookiecutter.json", folder)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", "--message=Template")
    return folder
