"""A project that people have changed takes the template's changes, and loses none of its own."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.template.conftest import SOURCE, TEMPLATE, git, need_history

PREVIOUS = "2a72dddc002b0cab220f7a4186df71fcb42dbfaa"
"""What stands for the previous release until there is one."""

STEP = "      - name: Our own step\n        run: echo ours\n"
LINE = "\n# Ours.\nENV OURS=1\n"


def cruft(folder: Path, *words: str) -> str:
    command = [sys.executable, "-m", "cruft", *words]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, stdin=subprocess.DEVNULL, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A clone of the template, its branch main at the previous release."""
    folder = tmp_path / "template"
    need_history()
    subprocess.run(["git", "clone", "--quiet", str(TEMPLATE), str(folder)], check=True)
    git(folder, "checkout", "--quiet", "-B", "main", PREVIOUS)
    git(folder, "tag", "previous")
    return folder


def move_on(template: Path) -> None:
    """Commit this checkout's template on top."""
    git(template, "rm", "-r", "--quiet", "hooks", "*cookiecutter.project_slug*")
    for name in (SOURCE.name, "hooks"):
        shutil.copytree(TEMPLATE / name, template / name)
    shutil.copy(TEMPLATE / "cookiecutter.json", template)
    git(template, "add", "--all", "--force")
    git(template, "commit", "--quiet", "--message=Now")


def change(project: Path) -> None:
    """Work on the project as its owners do."""

    def edit(name: str, old: str, new: str) -> None:
        file = project / name
        text = file.read_text("utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), "utf-8")

    edit("environment.yml", "dependencies:\n", "dependencies:\n  - rich\n")
    edit(".github/workflows/ci.yml", "      - name:", f"{STEP}      - name:")
    with (project / ".devcontainer/Dockerfile").open("a", encoding="utf-8") as file:
        file.write(LINE)
    git(project, "mv", "src/penguin_study/load.py", "src/penguin_study/reading.py")
    edit("src/penguin_study/pipeline.py", "from .load import", "from .reading import")
    git(project, "rm", "--quiet", "analyses/01-penguins.ipynb")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message=Ours")


def test_an_update_loses_nothing(template: Path, tmp_path: Path) -> None:
    cruft(tmp_path, "create", str(template), "--no-input", f"--output-dir={tmp_path / 'made'}")
    project = tmp_path / "made/penguin-study"
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message=Start")
    change(project)
    move_on(template)
    cruft(project, "update", "--skip-apply-ask", "--refresh-private-variables")

    clash = git(project, "diff", "--name-only", "--diff-filter=U").split()
    assert clash == [".devcontainer/Dockerfile", ".github/workflows/ci.yml"]
    for name, ours in zip(clash, (LINE, STEP), strict=True):
        text = (project / name).read_text("utf-8")
        assert ours.strip() in text
        assert "<<<<<<< ours" in text
        assert ">>>>>>> theirs" in text
    assert not list(project.rglob("*.rej"))

    environment = yaml.safe_load((project / "environment.yml").read_text("utf-8"))
    assert "rich" in environment["dependencies"]
    source = project / "src/penguin_study"
    assert (source / "reading.py").exists()
    assert not (source / "load.py").exists()
    assert not list((project / "analyses").glob("*.ipynb"))
    pipeline = (source / "pipeline.py").read_text("utf-8")
    assert "from .reading import" in pipeline
    assert "bootstrap" in pipeline, "what the template changed there has come, too"
    for file in [*source.glob("*.py"), *(project / "tests").glob("*.py")]:
        ast.parse(file.read_text("utf-8"), str(file))
    assert (project / "compose.yaml").exists()
    assert not (project / "docker-bake.hcl").exists()

    git(project, "checkout", "--theirs", *clash)
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message=Update")
    assert "up to date" in cruft(project, "check").replace("Good work! Project's cruft is ", "")
