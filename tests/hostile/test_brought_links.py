"""Links that a repository brings: nothing is written through them, and nothing is told of theirs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conftest import HandMadeChannel, Strata, write_environment

SECRET = "hunter2"  # noqa: S105 - stands in files that a link leads to


@pytest.fixture
def outside(project: Path) -> Path:
    folder = project.parent / "outside"
    folder.mkdir()
    (folder / "mine.txt").write_text(f"{SECRET}\n")
    return folder


def content(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


@pytest.mark.parametrize("target", ["mine.txt", "new"])
@pytest.mark.parametrize(
    ("name", "words"),
    [
        (".strata.lock.partial", ("lock",)),
        (".environment.yml.partial", ("convert", "requirements.txt", "--write")),
    ],
)
def test_drafts_are_written_through_no_link(
    strata: Strata, project: Path, outside: Path, name: str, words: tuple[str, ...], target: str
) -> None:
    if words[0] == "convert":
        (project / "environment.yml").unlink()
        (project / "requirements.txt").write_text("rich\n")
    (project / name).symlink_to(outside / target)
    before = content(outside)
    assert strata(*words).returncode == 0
    assert content(outside) == before


INSTALLED = [
    ("CACHEDIR.TAG", "new"),
    ("conda-meta/history", "new"),
    ("conda-meta/history", "mine.txt"),
    ("conda-meta/frames-1.0-h0_0.json", "new"),
    ("conda-meta/.frames-1.0-h0_0.json.partial", "mine.txt"),
    ("conda-meta/.strata-environment.partial", "new"),
    ("conda-meta/.strata-unfinished.partial", "mine.txt"),
]


def test_what_installing_writes_is_no_link(strata: Strata, project: Path, outside: Path) -> None:
    assert strata("lock").returncode == 0
    (project / ".conda/conda-meta").mkdir(parents=True)
    before = content(outside)
    for name, target in INSTALLED:
        link = project / ".conda" / name
        link.symlink_to(outside / target)
        done = strata("install")
        assert done.returncode == 1
        assert f"{link} is a symbolic link" in done.stderr
        assert SECRET not in done.stdout + done.stderr
        assert content(outside) == before
        link.unlink()


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_the_name_of_the_environment_is_read_from_a_file_only(
    strata: Strata, project: Path, outside: Path, kind: str
) -> None:
    assert strata("lock").returncode == 0
    note = project / ".conda/conda-meta/strata-environment"
    note.parent.mkdir(parents=True)
    if kind == "link":
        note.symlink_to(outside / "mine.txt")
    else:
        os.mkfifo(note)
    done = strata("install")
    assert SECRET not in done.stdout + done.stderr
    assert "unexpected" not in done.stderr
    assert content(outside) == {"mine.txt": f"{SECRET}\n"}


def test_a_link_to_an_environment_of_another_program(
    strata: Strata, project: Path, channel: HandMadeChannel, outside: Path
) -> None:
    """As to ~/miniconda3: all that is in there would be removed."""
    (outside / "mine.txt").unlink()
    write_environment(project, channel, ["tool"])
    assert strata("lock").returncode == 0
    assert strata("install", "--prefix", str(outside)).returncode == 0
    (outside / "conda-meta/strata-environment").unlink()
    (outside / "conda-meta/strata.lock").unlink()
    write_environment(project, channel, ["left"])
    assert strata("lock").returncode == 0
    (project / ".conda").symlink_to(outside)
    before = sorted(path.name for path in (outside / "conda-meta").iterdir())
    done = strata("install", "--yes")
    assert done.returncode == 1, done.stderr
    assert "an environment of another program" in done.stderr
    assert sorted(path.name for path in (outside / "conda-meta").iterdir()) == before
    assert strata("install", "--prefix", str(outside), "--yes").returncode == 0


LOGINS = {
    "docker": f'{{"auths": {{"r": {{"auth": "{SECRET}"}}}}}}\n',
    "netrc": f"machine a login b password {SECRET}\n",
    "token": f"{SECRET}\n",
    "pypirc": f"[pypi]\nusername = __token__\npassword = {SECRET}\n",
    "gh": f"github.com:\n  oauth_token: {SECRET}\n",
    "lock": f"version: 7\nenvironments: {SECRET}\npackages: []\n",
}
READ = {
    "strata.lock": ("check",),
    "environment.yml": ("check",),
    "virtual-packages.yml": ("check",),
    "pyproject.toml": ("image", "digest"),
}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("strata.lock", "token"),
        ("strata.lock", "netrc"),
        ("strata.lock", "lock"),
        ("environment.yml", "gh"),
        ("environment.yml", "docker"),
        ("virtual-packages.yml", "token"),
        ("pyproject.toml", "pypirc"),
        ("pyproject.toml", "docker"),
    ],
)
def test_what_a_link_leads_to_is_not_told(
    strata: Strata, project: Path, outside: Path, name: str, kind: str
) -> None:
    text = LOGINS[kind]
    (outside / "mine.txt").write_text(text)
    (project / name).unlink(missing_ok=True)
    (project / name).symlink_to("../outside/mine.txt")
    done = strata(*READ[name])
    assert done.returncode in {1, 3}, done.stderr
    assert SECRET not in done.stdout + done.stderr
    assert "unexpected" not in done.stderr
