"""What is written goes where the command line says, through no link that a repository brings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Strata

LOCAL = ("--platform", "linux-64")


@pytest.fixture
def outside(project: Path) -> Path:
    folder = project.parent / "outside"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("target", ["../outside/new", "../outside/new.lock", "ABSOLUTE"])
def test_a_lock_that_is_a_dangling_link(
    strata: Strata, project: Path, outside: Path, target: str
) -> None:
    (project / "strata.lock").symlink_to(target.replace("ABSOLUTE", str(outside / "x")))
    done = strata("lock")
    assert done.returncode == 1
    assert "strata.lock is a symbolic link out of its folder" in done.stderr
    assert list(outside.iterdir()) == []


def test_a_lock_that_is_a_link_to_another_lock(
    strata: Strata, project: Path, outside: Path
) -> None:
    assert strata("lock").returncode == 0
    other = outside / "other.lock"
    (project / "strata.lock").rename(other)
    before = other.read_text()
    (project / "strata.lock").symlink_to(other)
    (project / "environment.yml").write_text(
        (project / "environment.yml").read_text().replace("frames", "tool")
    )
    assert strata("lock").returncode == 1
    assert other.read_text() == before


def test_a_link_within_the_folder_is_followed(strata: Strata, project: Path) -> None:
    (project / "strata.lock").symlink_to("real.lock")
    assert strata("lock").returncode == 0
    assert (project / "strata.lock").is_symlink()
    assert "\nversion:" in (project / "real.lock").read_text()


@pytest.mark.parametrize("dangling", [False, True])
def test_an_export_through_a_link(
    strata: Strata, project: Path, outside: Path, *, dangling: bool
) -> None:
    assert strata("lock").returncode == 0
    victim = outside / "victim"
    if not dangling:
        victim.write_text("mine\n")
    (project / "explicit.txt").symlink_to(victim)
    done = strata("export", "--format", "explicit", "--output", "explicit.txt", *LOCAL)
    assert done.returncode == 1
    assert "explicit.txt is a symbolic link out of its folder" in done.stderr
    assert victim.exists() != dangling
    assert dangling or victim.read_text() == "mine\n"


def test_layers_into_a_link(strata: Strata, project: Path, outside: Path) -> None:
    assert strata("lock").returncode == 0
    (outside / "mine.txt").write_text("mine\n")
    (project / "out").symlink_to(outside)
    assert strata("layers", "--out", "out").returncode == 2
    (project / "other").mkdir()
    (project / "other/00").symlink_to(outside)
    assert strata("layers", "--out", "other").returncode == 2
    assert [path.name for path in outside.iterdir()] == ["mine.txt"]


def limited(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run strata with 3 GB of memory and ten seconds."""
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30)); "
        "from conda_strata.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, *words]
    return subprocess.run(
        command, cwd=project, capture_output=True, text=True, timeout=20, check=False
    )


def make(place: Path, kind: str) -> None:
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "zeros":
        place.symlink_to("/dev/zero")
    else:
        place.mkdir()


@pytest.mark.parametrize("kind", ["pipe", "zeros", "folder"])
@pytest.mark.parametrize("words", [("plan", "--lock"), ("size", "--lock"), ("check", "--lock")])
def test_what_is_no_file_is_no_lock(project: Path, kind: str, words: tuple[str, ...]) -> None:
    place = project / "odd.lock"
    make(place, kind)
    done = limited(project, *words, "odd.lock")
    assert done.returncode == 3
    assert "odd.lock is no regular file" in done.stderr


@pytest.mark.parametrize("kind", ["pipe", "zeros", "folder"])
@pytest.mark.parametrize("name", ["environment.yml", "virtual-packages.yml", "environment-x.yml"])
def test_what_is_no_file_is_no_environment_file(project: Path, kind: str, name: str) -> None:
    place = project / name
    place.unlink(missing_ok=True)
    make(place, kind)
    done = limited(project, "lock")
    assert done.returncode == 3
    assert f"{name} is no regular file" in done.stderr
