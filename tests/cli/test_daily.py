"""A day's work: installing again, working in a subfolder, running what is not there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import HandMadeChannel, Strata, write_environment
from tests.support.terminal import Terminal

INSTALL = [sys.executable, "-m", "conda_strata", "install"]


@pytest.fixture
def with_dev(strata: Strata, project: Path, channel: HandMadeChannel) -> Path:
    """A project whose prefix holds 'dev'."""
    write_environment(project, channel, ["python"])
    (project / "environment-dev.yml").write_text(
        "dependencies: [frames, paths, tool]  # for people\n"
    )
    assert strata("lock").returncode == 0
    done = strata("install", "--env", "dev")
    assert done.returncode == 0, done.stderr
    assert ".conda: dev installs 5: frames, numbers, paths, python, tool" in done.stderr
    assert "installed 5, updated 0, removed 0" in done.stderr
    return project


def held(project: Path) -> set[str]:
    return {p.stem.rsplit("-", 2)[0] for p in (project / ".conda/conda-meta").glob("*.json")}


def test_install_keeps_the_environment_that_the_prefix_holds(
    strata: Strata, with_dev: Path
) -> None:
    again = strata("install")
    assert (again.returncode, again.stdout) == (0, ".conda: dev, 5 packages, linux-64\n")
    assert again.stderr == ""
    assert "tool" in held(with_dev)


def test_what_is_removed_is_said_and_not_asked_in_a_pipe(strata: Strata, with_dev: Path) -> None:
    done = strata("install", "--env", "default")
    assert done.returncode == 0, done.stderr
    assert ".conda: default removes 4: frames, numbers, paths, tool" in done.stderr
    assert "installed 0, updated 0, removed 4" in done.stderr
    assert held(with_dev) == {"python"}


def test_an_updated_package_is_counted_apart(
    strata: Strata, project: Path, channel: HandMadeChannel
) -> None:
    write_environment(project, channel, ["numbers <2"])
    strata("lock")
    strata("install")
    write_environment(project, channel, ["numbers", "paths"])
    strata("lock", "--upgrade")
    assert "installs 1: paths; updates 1: numbers" in strata("install").stderr


@pytest.mark.parametrize(("answer", "code"), [("n", 1), ("", 1), ("y", 0)])
def test_a_terminal_is_asked(with_dev: Path, answer: str, code: int) -> None:
    with Terminal([*INSTALL, "--env", "default"], with_dev, {"CI": ""}) as terminal:
        terminal.wait_for("Remove 4 packages? [y/N]")
        terminal.type(answer)
        assert terminal.finish() == code
    assert ("tool" in held(with_dev)) == bool(code)


@pytest.mark.parametrize(("words", "env"), [(["--yes"], {"CI": ""}), ([], {"CI": "true"})])
def test_who_is_sure_is_not_asked(with_dev: Path, words: list[str], env: dict[str, str]) -> None:
    with Terminal([*INSTALL, "--env", "default", *words], with_dev, env) as terminal:
        assert terminal.finish() == 0
    assert held(with_dev) == {"python"}


def in_folder(folder: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "conda_strata", *words],
        cwd=folder,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )


def test_commands_work_in_a_subfolder(with_dev: Path) -> None:
    folder = with_dev / "analyses/one"
    folder.mkdir(parents=True)
    ran = in_folder(folder, "run", "--", "sh", "-c", "pwd; where")
    assert ran.stdout.splitlines() == [str(folder), str(with_dev / ".conda")], ran.stderr
    assert in_folder(folder, "check").stdout == "../../strata.lock is up to date\n"
    assert in_folder(folder, "install").stdout == "../../.conda: dev, 5 packages, linux-64\n"
    assert not (folder / ".conda").exists()
    assert in_folder(folder, "plan").returncode == 0


def test_the_search_ends_at_the_repository_and_at_shared_folders(
    tmp_path: Path, with_dev: Path
) -> None:
    inner = with_dev / "vendored/sub"
    inner.mkdir(parents=True)
    (inner.parent / ".git").mkdir()
    assert in_folder(inner, "check").returncode == 2
    shared = tmp_path / "shared"
    (shared / "mine").mkdir(parents=True)
    (shared / "environment.yml").write_text("dependencies: []\n")
    shared.chmod(0o1777)
    assert in_folder(shared / "mine", "check").returncode == 2


def test_run_says_that_a_command_is_of_another_environment(
    strata: Strata, with_dev: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other/pytest"
    other.parent.mkdir()
    other.write_text("#!/bin/sh\necho other\n")
    other.chmod(0o755)
    path = f"{other.parent}:{os.environ['PATH']}"
    ran = strata("run", "--", "pytest", PATH=path)
    assert (ran.returncode, ran.stdout) == (0, "other\n")
    assert f"pytest is not in {with_dev}/.conda, so this runs {other}" in ran.stderr
    assert "strata add --dev pytest" in ran.stderr
    assert strata("run", "--", "where").stderr == ""
    assert strata("run", "--", "sh", "-c", ":").stderr == ""


def test_run_refuses_what_is_nowhere(strata: Strata, with_dev: Path) -> None:
    refused = strata("run", "--", "nonesuch")
    assert refused.returncode == 127
    assert refused.stderr.startswith("error: there is no program nonesuch in ")
    assert "strata add" in refused.stderr
    assert (with_dev / ".conda").exists()


def test_a_cache_that_cannot_be_written_breaks_nothing_off(
    strata: Strata, with_dev: Path, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    failed = strata("install", "--env", "default", RATTLER_CACHE_DIR=str(blocked / "cache"))
    assert failed.returncode == 1
    assert "RATTLER_CACHE_DIR" in failed.stderr
    before = {p: p.stat().st_ino for p in (with_dev / ".conda/conda-meta").glob("*.json")}
    again = strata("install")
    assert (again.returncode, again.stderr) == (0, "")
    assert before == {p: p.stat().st_ino for p in (with_dev / ".conda/conda-meta").glob("*.json")}
