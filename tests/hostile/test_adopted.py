"""Repositories that ``strata adopt`` reads: what they say of themselves is text, never code."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.conftest import Strata

TEMPLATE = str(Path(__file__).parents[2])
CODE = '{{ cycler.__init__.__globals__.os.system("touch ../pwned") }}'


@pytest.fixture
def repository(project: Path) -> Path:
    (project / "environment.yml").unlink()
    return project


CODES = {
    "description": f'[project]\nname = "x"\ndescription = {json.dumps(CODE)}\n',
    "name": f"[project]\nname = {json.dumps(CODE)}\n",
    "author": f'[project]\nname = "x"\nauthors = [{{name = {json.dumps(CODE)}}}]\n',
    "address": f'[project]\nname = "x"\nauthors = [{{name = "a", email = {json.dumps(CODE)}}}]\n',
    "statement": '[project]\nname = "{% if 1 %}x{% endif %}"\n',
    "comment": '[project]\nname = "x"\ndescription = "a {# b #}"\n',
}


@pytest.mark.parametrize("text", CODES.values(), ids=CODES)
def test_no_code_of_the_repository_runs(strata: Strata, repository: Path, text: str) -> None:
    (repository / "pyproject.toml").write_text(text)
    done = strata("adopt", "--template", TEMPLATE, "--dry-run")
    assert (done.returncode, done.stdout) == (2, "")
    assert "which the template would run as code" in done.stderr
    assert done.stderr.count("\n") == 2
    assert [path.name for path in repository.iterdir()] == ["pyproject.toml"]
    assert not (repository.parent / "pwned").exists()


def test_no_code_of_a_title_runs(strata: Strata, repository: Path) -> None:
    (repository / "README.md").write_text("# {{ 7 * 7 }}\n\ntext\n")
    done = strata("adopt", "--template", TEMPLATE, "--dry-run")
    assert done.returncode == 2
    assert "the answer to project_name holds '{{'" in done.stderr


BROKEN = {
    "deep": "x = " + "[" * 5000,
    "digits": "x = " + "9" * 6000,
    "tool": "tool = 5\n",
    "strata": "[tool]\nstrata = 5\n",
    "project": "project = 5\n",
    "authors": "[project]\nname = 5\nauthors = [5]\nlicense = []\nrequires-python = []\n",
    "large": "#" * 2_000_000,
    "bytes": "\udcff",
    "control": '[project]\nname = "a\\u001b[2J\\n::error::x"\n',
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_settings_of_any_kind(strata: Strata, repository: Path, text: str) -> None:
    (repository / "pyproject.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    done = strata("adopt", "--template", TEMPLATE, "--dry-run", GITHUB_ACTIONS="true")
    assert done.returncode in {0, 2, 3}, done.stderr
    assert "unexpected" not in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") in {0, 2}
    shown = done.stdout + done.stderr
    assert all(c.isprintable() or c == "\n" for c in shown)
    assert not any(line.lstrip().startswith("::") for line in shown.splitlines())


READ = [
    "README.md", "requirements.txt", ".python-version", "runtime.txt", "setup.py", "tox.ini",
    "LICENSE", ".gitignore", "src/a/__init__.py", "data.py", "a.ipynb",
    ".github/workflows/ci.yml",
]  # fmt: skip


@pytest.mark.parametrize("kind", ["pipe", "zeros"])
def test_what_is_no_file_is_not_read(strata: Strata, repository: Path, kind: str) -> None:
    def make(place: Path) -> None:
        place.parent.mkdir(parents=True, exist_ok=True)
        if kind == "pipe":
            os.mkfifo(place)
        else:
            place.symlink_to("/dev/zero")

    for name in READ:
        make(repository / name)
    done = strata("adopt", "--template", TEMPLATE, "--dry-run")
    assert done.returncode == 0, done.stderr
    make(repository / "pyproject.toml")
    done = strata("adopt", "--template", TEMPLATE, "--dry-run")
    assert done.returncode == 3
    assert "pyproject.toml is no regular file" in done.stderr
