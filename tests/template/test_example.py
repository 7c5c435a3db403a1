"""Without the example, nothing of it is left, and the empty project works."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.template.conftest import bake, files, git


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bake(tmp_path_factory.mktemp("empty"), example="no", project_name="Bee Study")


def test_nothing_of_the_example_is_left(empty: Path) -> None:
    words = re.compile(rb"penguin|bill_length|palmer|pipeline\.py|report\.html", re.IGNORECASE)
    for name, content in files(empty).items():
        if name == ".cruft.json":  # the template's own defaults
            continue
        assert not words.search(name.encode() + b" " + content), name


def test_only_what_an_empty_project_needs_is_there(empty: Path, default: Path) -> None:
    made = {name.replace("bee_study", "penguin_study") for name in files(empty)}
    example = files(default).keys() - made

    assert {"src/penguin_study/model.py", "data/raw/penguins.csv"} <= example
    assert made - files(default).keys() == {
        "analyses/.gitkeep",
        "data/raw/.gitkeep",
        "tests/test_command.py",
    }
    assert {name for name in made if name.startswith("src/")} == {
        f"src/penguin_study/{name}" for name in ("__init__.py", "__main__.py", "py.typed")
    }


def test_no_section_is_empty(empty: Path) -> None:
    for name, content in files(empty).items():
        if name.endswith(".md"):
            bodies = re.split(r"(?m)^#+ .*$", re.sub(r"(?s)```.*?```", "code", content.decode()))[
                1:
            ]
            assert all(body.strip() for body in bodies), name


def test_its_tests_pass(empty: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist"]
        + ["--override-ini=filterwarnings=default", "tests/test_command.py"],
        cwd=empty,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 passed" in done.stdout, done.stdout + done.stderr
    ran = subprocess.run(
        [sys.executable, "-m", "bee_study"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(empty / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == "There is no analysis yet: call it in __main__.py\n"


def test_git_has_each_of_its_files(empty: Path) -> None:
    untracked = git(empty, "ls-files", "--others", "--exclude-standard").split()
    assert set(untracked) == {name for name in files(empty) if "__pycache__" not in name}
