"""A repository that exists already gets what it lacks, and keeps what it has."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from conda_strata.image import settings_file
from conda_strata.spec import manifest
from tests.adopt.repositories import SHAPES, make
from tests.template.conftest import files, git, template

__all__ = ["template"]  # a fixture

ENV = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


def _adopt(folder: Path, template: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "conda_strata", "adopt", f"--template={template}", *words],
        cwd=folder,
        env={**os.environ, **ENV},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def repository(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    folder = make(getattr(request, "param", "environment"), tmp_path / "Bee.Study")
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "remote", "add", "origin", "git@github.com:Ann-Other/Bee.Study.git")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=Years of work")
    return folder


def _json(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


EXPECTED: dict[str, dict[str, Any]] = {
    "environment": {
        "answers": {"package_name": "bee_study", "python_version": "3.12"},
        "left": {"environment.yml"},
        "added": {"pyproject.toml", "LICENSE", "src/bee_study/__main__.py", "tests/test_command.py"},
        "merge": ["choose one"],
    },
    "data-science": {
        "answers": {
            "license": "MIT", "package_name": "bee_study", "project_name": "Bees of the valley",
        },
        "left": {"README.md", "LICENSE", "pyproject.toml", "data/README.md", ".gitignore"},
        "added": {"environment.yml", "src/bee_study/__init__.py", "reports/.gitkeep"}
        | {"strata.toml", "pytest.ini"},
        "merge": ["-e .", "setup.py: stays", "setup.py: its dependencies", "Python 3.8", ".gitignore: add the lines .conda/"],
    },
    "scripts": {
        "answers": {"project_name": "Bee.Study", "license": "Proprietary"},
        "left": {"LICENSE"},
        "added": {"environment.yml", "pyproject.toml", "README.md"},
        "merge": ["does not know it", "imports polars"],
    },
    "package": {
        "answers": {
            "project_name": "beekeeper", "package_name": "beekeeper", "license": "BSD-3-Clause",
            "author_email": "ann@example.org", "description": "Keeps bees.",
        },
        "left": {"pyproject.toml", "README.md", ".github/workflows/ci.yml"}
        | {"src/beekeeper/__init__.py", "tests/test_command.py", "src/beekeeper/py.typed"},
        "added": {"environment.yml", "pytest.ini", "src/beekeeper/__main__.py", ".github/workflows/lock.yml"},
        "merge": [
            "2 requirements", '[tool.strata.image] name = "ghcr.io/ann-other/bee.study"',
            "ci.yml: yours stays",
        ],
    },
    "notebooks": {
        "answers": {"project_name": "All the bees", "python_version": "3.13"},
        "left": {"README.md", "analyses/.gitkeep", "tests/test_notebooks.py", ".gitignore"},
        "added": {"environment.yml", "data/README.md"},
        "merge": ["--index-url https://x.example", "notebooks: those in analyses/"],
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("repository", "shape"), [(shape, shape) for shape in SHAPES], indirect=["repository"]
)
def test_only_what_is_missing_is_added(repository: Path, template: Path, shape: str) -> None:
    before = files(repository)
    expected = EXPECTED[shape]

    planned = _json(_adopt(repository, template, "--json", "--dry-run"))
    assert files(repository) == before
    said = _json(_adopt(repository, template, "--json"))
    after = files(repository)

    assert said == planned
    assert {name: after[name] for name in before} == before
    assert after.keys() - before.keys() == set(said["added"])
    assert git(repository, "diff", "HEAD") == ""
    assert expected["answers"].items() <= said["answers"].items()
    assert said["answers"]["github_owner"] == "Ann-Other"
    assert said["answers"]["project_slug"] == "bee.study"
    assert expected["left"] <= said["left"].keys()
    assert expected["added"] <= set(said["added"])
    merge = " ".join("\n".join(said["merge"]).split())
    assert [words for words in expected["merge"] if words not in merge] == []

    for name in said["added"]:
        text = after[name].decode()
        if name.endswith((".yml", ".yaml", ".cff")):
            yaml.safe_load(text)
        elif name.endswith(".toml"):
            tomllib.loads(text)
        elif name.endswith(".py"):
            compile(text, name, "exec")
    noted = json.loads(after[".cruft.json"])
    assert set(said["left"]) == set(noted["skip"])
    read = manifest.load(manifest.find(repository))
    assert read.environments.keys() == {"default", "dev"}


@pytest.mark.parametrize(
    "repository", [shape for shape in SHAPES if shape != "package"], indirect=True
)
def test_the_added_tests_pass(repository: Path, template: Path) -> None:
    """Those of the package run there already, and need nothing of the template."""
    _json(_adopt(repository, template, "--json"))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_command.py"],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("repository", ["data-science", "environment"], indirect=True)
def test_the_images_have_their_name(repository: Path, template: Path) -> None:
    _json(_adopt(repository, template, "--json"))

    assert settings_file.read(repository).name == "ghcr.io/ann-other/bee.study"


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        (
            "pyproject.toml",
            '[tool.poetry]\nname = "x"\n[tool.poetry.dependencies]\na = "1"\n',
            None,
        ),
        ("setup.py", "from setuptools import setup\nsetup(install_requires=['a'])\n", None),
        ("Pipfile", "[packages]\na = '*'\n", None),
        ("requirements.in", "a\n", None),
        ("envs/all.yml", "dependencies: [a]\n", None),
        ("workflow/envs/map.yaml", "channels: [bioconda]\ndependencies: [a]\n", None),
        (".binder/environment.yml", "dependencies: [a]\n", None),
        ("requirements/prod.txt", "a\n", "or add '- -r requirements/prod.txt' to its pip: list"),
        ("conda.yml", "dependencies: [a]\n", "or rename conda.yml to it"),
        ("renv.lock", '{"Packages": {"dplyr": {}}}\n', "dplyr of R is r-dplyr"),
        ("app/requirements-dev.txt", "a\n", None),
        ("binder/environment.yml", "dependencies: [a]\n", None),
        (".devcontainer/devcontainer.json", "{}\n", "yours stays"),
        (".devcontainer/Dockerfile", "FROM debian\n", "yours stays"),
    ],
)
def test_what_is_not_read_is_told(
    template: Path, tmp_path: Path, file: str, text: str, told: str | None
) -> None:
    place = tmp_path / "old" / file
    place.parent.mkdir(parents=True)
    place.write_text(text, "utf-8")

    said = _json(_adopt(tmp_path / "old", template, "--json"))

    told = told or "its dependencies were not read"
    assert any(line.startswith(f"{file}: ") and told in line for line in said["merge"]), said


@pytest.mark.parametrize(
    ("file", "text", "wanted"),
    [
        (
            "pyproject.toml",
            """[build-system]
            requires = ["setuptools>=61", "setuptools_scm[toml]", "tomli; os_name == 'nt'", "-e x"]
            """,
            ["setuptools >=61", "setuptools-scm"],
        ),
        ("pyproject.toml", '[project]\nname = "bees"\nversion = "1"\n', ["setuptools"]),
        ("pyproject.toml", "[tool.ruff]\n", ["hatchling"]),
        ("setup.cfg", "[metadata]\nname = bees\n", ["setuptools"]),
        ("main.py", "", ["hatchling"]),
    ],
)
def test_what_builds_the_package_is_in_the_environment(
    template: Path, tmp_path: Path, file: str, text: str, wanted: list[str]
) -> None:
    """The workflow 'lock' installs the package without the isolation of builds."""
    (tmp_path / file).write_text(text, "utf-8")

    said = _json(_adopt(tmp_path, template, "--json"))

    packages = yaml.safe_load((tmp_path / "environment-dev.yml").read_text("utf-8"))["dependencies"]
    assert packages[: len(wanted)] == wanted
    assert ("hatchling" in packages) == (wanted == ["hatchling"])
    told = any("describes no package" in line for line in said["merge"])
    assert told == (text == "[tool.ruff]\n")


def test_an_export_names_builds(template: Path, tmp_path: Path) -> None:
    """They are of one platform; a pattern for a build can be meant for all."""
    file = tmp_path / "environment.yml"
    told = "environment.yml: names builds of one platform; 'strata loosen' shows it without them"

    file.write_text("dependencies: [numpy=2.4.6=py311h3160b4e_0]\n", "utf-8")
    assert told in _json(_adopt(tmp_path, template, "--json", "--dry-run"))["merge"]
    file.write_text("dependencies: [numpy=2.4.6, blas=*=*openblas]\n", "utf-8")
    assert told not in _json(_adopt(tmp_path, template, "--json", "--dry-run"))["merge"]


def test_only_imports_that_no_package_is_called_are_told(template: Path, tmp_path: Path) -> None:
    (tmp_path / "clean.py").write_text(
        "import matplotlib, pandas, polars, pytest, sklearn\n", "utf-8"
    )

    said = _adopt(tmp_path, template, "--dry-run").stdout

    assert "your code imports polars, so add what is missing" in said


def test_python_of_poetry(template: Path, tmp_path: Path) -> None:
    text = '[tool.poetry.dependencies]\npython = "^3.12"\n'
    (tmp_path / "pyproject.toml").write_text(text, "utf-8")

    said = _json(_adopt(tmp_path, template, "--json", "--dry-run"))

    assert said["answers"]["python_version"] == "3.12"


def test_a_folder_of_a_repository_gets_no_workflows(repository: Path, template: Path) -> None:
    """GitHub would not find them there."""
    (repository / "analysis").mkdir()

    said = _json(_adopt(repository / "analysis", template, "--json"))

    assert not (repository / "analysis/.github").exists()
    assert (repository / "analysis/.devcontainer/Dockerfile").exists()
    assert said["left"][".github/workflows/ci.yml"] == (
        "GitHub reads it at the top only, not in analysis/"
    )
    assert any("'strata image push' does" in line for line in said["merge"])


def test_a_dry_run_ends_with_what_writes(repository: Path, template: Path) -> None:
    last = "Nothing was written. Without --dry-run, the command adds these files."
    assert _adopt(repository, template, "--dry-run").stdout.splitlines()[-1] == last
    assert _adopt(repository, template).stdout.splitlines()[-1].startswith("Next: strata doctor")


def test_many_files_of_a_folder_are_named_by_it(template: Path, tmp_path: Path) -> None:
    """Snakemake has one for each rule; those of an installed environment are nobody's wish."""
    folder = tmp_path / "old"
    for name in (
        "rules/envs/a.yaml",
        "rules/envs/b.yaml",
        "rules/envs/c.yaml",
        "rules/envs/d.yaml",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("dependencies:\n  - a\n", "utf-8")
    (folder / "venv/lib/thing").mkdir(parents=True)
    (folder / "venv/pyvenv.cfg").write_text("home = /usr/bin\n", "utf-8")
    (folder / "venv/lib/thing/requirements.txt").write_text("a\n", "utf-8")

    said = _json(_adopt(folder, template, "--json", "--dry-run"))

    found = [line for line in said["merge"] if "were not read" in line or "was not read" in line]
    assert found == [
        "rules/envs/: the dependencies of its files were not read; copy them into environment.yml"
    ]


def test_requirements_beyond_the_repository_are_told(template: Path, tmp_path: Path) -> None:
    """Neither followed nor passed over in silence."""
    (tmp_path / "theirs.txt").write_text("secret-package\n", "utf-8")
    (tmp_path / "old").mkdir()
    git(tmp_path / "old", "init", "--quiet")
    (tmp_path / "old/requirements.txt").symlink_to("../theirs.txt")

    said = _adopt(tmp_path / "old", template, "--dry-run").stdout

    assert "requirements.txt: its dependencies were not read" in said
    assert "secret" not in said
    (tmp_path / "old/environment.yml").write_text(
        "dependencies: [pip, {pip: [-r ../theirs.txt]}]\n", "utf-8"
    )
    said = _adopt(tmp_path / "old", template, "--dry-run").stdout
    assert "environment.yml: cannot be read: " in said
    assert "theirs.txt is outside of the project; Copy it" in said


def test_requirements_beside_an_environment_file_are_told(template: Path, tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    environment = tmp_path / "old/environment.yml"
    environment.write_text("dependencies: [python]\n", "utf-8")
    (tmp_path / "old/requirements.txt").write_text("attrs\n", "utf-8")
    told = "requirements.txt: was not read, as there is environment.yml"

    assert told in _adopt(tmp_path / "old", template, "--dry-run").stdout
    environment.write_text("dependencies: [pip, {pip: [-r requirements.txt]}]\n", "utf-8")
    assert told not in _adopt(tmp_path / "old", template, "--dry-run").stdout


def test_a_second_time_adds_nothing(repository: Path, template: Path) -> None:
    _json(_adopt(repository, template, "--json"))
    before = files(repository)

    again = _json(_adopt(repository, template, "--json"))

    assert again["added"] == []
    assert files(repository) == before


@pytest.mark.parametrize("repository", ["package"], indirect=True)
def test_requirements_become_a_pip_list(repository: Path, template: Path) -> None:
    _adopt(repository, template)

    read = manifest.load(manifest.find(repository))
    assert [spec.text for spec in read.environments["default"]] == ["python =3.11", "pip"]
    assert [spec.text for spec in read.pip["default"]] == [
        "attrs>=23",
        "tomli; python_version<'3.11'",
    ]


@pytest.mark.parametrize("repository", ["scripts"], indirect=True)
def test_an_unknown_licence_is_not_misnamed(repository: Path, template: Path) -> None:
    said = _json(_adopt(repository, template, "--json"))

    for name in said["added"]:
        if name != ".cruft.json":
            text = (repository / name).read_text("utf-8")
            assert "Proprietary" not in text, name
            assert "All rights reserved" not in text, name


def test_people_are_told(repository: Path, template: Path) -> None:
    said = _adopt(repository, template).stdout

    assert "\nadded:\n  .cruft.json\n" in said
    assert "\nleft alone:\n" in said
    assert "  environment.yml (it is there)" in said
    assert "\nto merge by hand:\n" in said
    assert "strata lock" in said


def test_the_doctor_names_the_next_step(repository: Path, template: Path) -> None:
    _adopt(repository, template)
    command = [sys.executable, "-m", "conda_strata", "doctor", "--offline"]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "strata lock" in done.stdout


def test_nothing_is_written_through_a_link(
    repository: Path, template: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (repository / ".github").symlink_to(elsewhere)

    said = _json(_adopt(repository, template, "--json"))

    assert list(elsewhere.iterdir()) == []
    assert said["left"][".github/workflows/ci.yml"] == "there is .github"


def test_an_answer_wins_and_a_bad_one_is_refused(repository: Path, template: Path) -> None:
    before = files(repository)
    bad = _adopt(repository, template, "--answer=package_name=class")
    assert bad.returncode == 2
    assert "package_name is not a keyword of Python" in bad.stderr
    assert "Traceback" not in bad.stderr
    assert files(repository) == before

    said = _json(_adopt(repository, template, "--json", "--answer", "github_owner=bee-lab"))
    assert said["answers"]["github_owner"] == "bee-lab"


@pytest.mark.parametrize(
    ("words", "told"),
    [(("--answer", "x"), "KEY=VALUE"), (("nowhere",), "no such folder")],
)
def test_a_wrong_word_is_told(
    repository: Path, template: Path, words: tuple[str, ...], told: str
) -> None:
    done = _adopt(repository, template, *words)

    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_broken_pyproject_is_told(repository: Path, template: Path) -> None:
    (repository / "pyproject.toml").write_text("[project\n", "utf-8")
    done = _adopt(repository, template)

    assert done.returncode == 3
    assert "pyproject.toml" in done.stderr
    assert "Traceback" not in done.stderr
