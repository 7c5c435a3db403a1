"""What the generated project is to git, to its installer, and to cruft."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.template.conftest import QUESTIONS, SOURCE, bake, files, git


def _cruft(folder: Path, *words: str) -> str:
    # An identity for cruft's own git calls, and nothing of the machine's configuration.
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "cruft", *words],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_questions_say_what_they_ask() -> None:
    asked = {key for key in QUESTIONS if not key.startswith("_")}

    assert QUESTIONS["__prompts__"].keys() == asked
    for key in asked:
        if isinstance(choices := QUESTIONS[key], list) and key != "python_version":
            assert list(QUESTIONS["__prompts__"][key]) == ["__prompt__", *choices]


def test_it_is_a_git_repository_that_ignores_what_can_be_made_again(default: Path) -> None:
    assert git(default, "symbolic-ref", "HEAD").strip() == "refs/heads/main"
    made = ["data/interim/a.csv", "reports/report.html", ".conda/bin/python", ".env"]
    kept = ["strata.lock", "data/raw/a.csv", "data/interim/.gitkeep", "analyses/b.ipynb"]
    ignored = subprocess.run(
        ["git", "check-ignore", *made, *kept],
        cwd=default,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ignored.stdout.split() == made
    assert set(git(default, "ls-files", "--others", "--exclude-standard").split()) == set(
        files(default)
    )


def test_lines_end_alike_on_windows(default: Path, tmp_path: Path) -> None:
    """Git for Windows converts line ends by default: workflows and ``strata key`` read these files."""
    project = tmp_path / "project"
    shutil.copytree(default, project)
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message=Start")
    git(tmp_path, "clone", "--quiet", "--config=core.autocrlf=true", "project", "windows")
    for name in files(default):
        assert (tmp_path / "windows" / name).read_bytes() == (default / name).read_bytes(), name


def test_it_is_generated_where_git_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "no-programs"))
    folder = bake(tmp_path)

    assert (folder / "pyproject.toml").exists()
    assert not (folder / ".git").exists()


def test_the_next_steps_are_said(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    bake(tmp_path, github_owner="octo-org")

    said = capfd.readouterr().out
    assert re.findall(r"(?m)^  (\d)\. ", said) == ["1", "2", "3"]
    assert "strata lock" in said
    assert "https://codespaces.new/octo-org/penguin-study" in said


def test_the_wheel_holds_the_report_template(default: Path, tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target=wheel", f"--directory={tmp_path}"],
        cwd=default,
        capture_output=True,
        check=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    package = default / "src/penguin_study"
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == {f"penguin_study/{path.name}" for path in package.iterdir() if path.is_file()}
    assert {"penguin_study/report.html.j2", "penguin_study/py.typed"} <= names


def test_cruft_makes_the_same_project(template: Path, default: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    _cruft(tmp_path, "create", str(template), "--no-input", f"--output-dir={out}")

    made = files(out / "penguin-study")
    ours = files(default)
    noted, other = json.loads(made.pop(".cruft.json")), json.loads(ours.pop(".cruft.json"))
    assert made == ours
    assert noted.keys() == other.keys()
    assert noted["context"]["cookiecutter"].keys() == other["context"]["cookiecutter"].keys()


def test_cruft_brings_a_change_of_the_template(template: Path, tmp_path: Path) -> None:
    _cruft(tmp_path, "create", str(template), "--no-input")
    project = tmp_path / "penguin-study"
    readme = project / "README.md"
    readme.write_text(readme.read_text("utf-8").replace("# Penguin Study", "# My study"), "utf-8")
    git(project, "add", ".")
    git(project, "commit", "--quiet", "--message=Start the project")
    source = template / SOURCE.name / "SECURITY.md"
    source.write_text(source.read_text("utf-8") + "\nA new sentence.\n", "utf-8")
    git(template, "commit", "--quiet", "--all", "--message=Change")

    _cruft(project, "update", "--skip-apply-ask")

    changed = git(project, "status", "--porcelain").split("\n")
    assert sorted(line[3:] for line in changed if line) == [".cruft.json", "SECURITY.md"]
    assert (project / "SECURITY.md").read_text("utf-8").endswith("\nA new sentence.\n")
    assert readme.read_text("utf-8").startswith("# My study\n")
    assert "up to date" in _cruft(project, "check")
