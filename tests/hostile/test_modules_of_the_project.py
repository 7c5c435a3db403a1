"""A project may hold files that are called like modules: strata runs none of them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import HandMadeChannel, write_environment

TEMPLATE = str(Path(__file__).parents[2])
NAMES = ["pickle", "signal", "selectors", "random", "jinja2", "click", "cookiecutter", "json"]


@pytest.fixture
def modules(project: Path) -> Path:
    """Have the project hold modules that leave a file when they run."""
    for name in NAMES:
        (project / f"{name}.py").write_text(
            f"open({str(project.parent / 'ran')!r}, 'a').write({name!r})\n"
        )
    return project


def installed_strata(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run strata as its program does, which has not the current folder among its modules."""
    program = project.parent / "strata.py"
    program.write_text(
        "from conda_strata.cli.main import entry\nif __name__ == '__main__':\n    entry()\n"
    )
    command = [sys.executable, str(program), *words]
    return subprocess.run(
        command, cwd=project, env=os.environ, capture_output=True, text=True, check=False
    )


def test_where_further_processes_unpack(modules: Path, channel: HandMadeChannel) -> None:
    """They do so for large packages, which those of this lock claim to be."""
    write_environment(modules, channel, ["left", "paths"])
    assert installed_strata(modules, "lock").returncode == 0
    lock = modules / "strata.lock"
    lock.write_text(re.sub(r"\bsize: \d+", "size: 40000000", lock.read_text()))
    done = installed_strata(modules, "install")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("\n") == 2
    assert not (modules.parent / "ran").exists()


def test_where_the_template_is_generated(modules: Path) -> None:
    (modules / "environment.yml").unlink()
    done = installed_strata(modules, "adopt", "--template", TEMPLATE, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert not (modules.parent / "ran").exists()
