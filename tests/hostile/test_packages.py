"""Packages and folders that would run something on the machine that installs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import HandMadeChannel, Strata, write_environment


@pytest.mark.parametrize("setting", ['"insecure"', '"false"'])
def test_post_link_scripts_do_not_run_whatever_the_user_configured(
    strata: Strata, project: Path, tmp_path: Path, setting: str
) -> None:
    """The same lock is the same environment on every machine."""
    channel = HandMadeChannel(tmp_path / "own")
    script = "#!/bin/bash\necho ran > $PREFIX/ran\necho ran > " + str(tmp_path / "ran") + "\n"
    channel.add("linker", "1.0", {"bin/.linker-post-link.sh": script})
    channel.index()
    write_environment(project, channel, ["linker"])
    config = tmp_path / ".config/rattler/config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(f"run-post-link-scripts = {setting}\n")
    assert strata("lock").returncode == 0
    done = strata("install")
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "ran").exists()
    assert not (project / ".conda/ran").exists()


SHELL = [
    "$(touch ran)",
    "$(touch ran) x",
    "`touch ran`",
    'a"b',
    'a";touch ran;"b',
    "a;touch ran;b",
    "a & touch ran",
    "a|b",
    "a>ran",
    "back\\slash",
    "new\nline",
    "a\x1b[2Jb",
]


def test_nothing_is_installed_where_a_shell_would_run_the_path(
    strata: Strata, project: Path
) -> None:
    """Programs of packages are scripts that have it between double quotes, or in none."""
    assert strata("lock").returncode == 0
    before = sorted(path.name for path in project.iterdir())
    for name in SHELL:
        done = strata("install", "--prefix", name)
        assert done.returncode == 2, name
        assert "has characters that a shell runs or breaks at" in done.stderr
        assert all(c.isprintable() or c == "\n" for c in done.stderr)
        assert sorted(path.name for path in project.iterdir()) == before


@pytest.mark.parametrize("name", ["R&D", "(it's) [x] {y} a#b %s!"])
def test_other_odd_names_are_taken_literally(strata: Strata, project: Path, name: str) -> None:
    assert strata("lock").returncode == 0
    assert strata("install", "--prefix", name).returncode == 0
    python = project / name / "bin/python3.11"
    python.unlink()
    python.write_text('#!/bin/sh\nprintf %s "$CONDA_PREFIX"\n')
    python.chmod(0o755)
    before = sorted(path.name for path in project.iterdir())
    done = strata("run", "--prefix", name, "--", "count-frames")
    assert (done.returncode, done.stdout) == (0, str(project / name)), done.stderr
    assert sorted(path.name for path in project.iterdir()) == before


def test_a_folder_that_a_shell_would_expand_is_taken_literally(
    strata: Strata, project: Path
) -> None:
    """An environment that was moved, or made by another program."""
    assert strata("lock").returncode == 0
    assert strata("install", "--prefix", "plain").returncode == 0
    place = project / "plain"
    for name in ("$(touch ran)", "`touch ran`", 'a"b', "back\\slash"):
        place = place.rename(project / name)
        before = sorted(path.name for path in project.iterdir())
        done = strata("run", "--prefix", name, "--", "sh", "-c", 'printf %s "$CONDA_PREFIX"')
        assert (done.returncode, done.stdout) == (0, str(project / name))
        assert sorted(path.name for path in project.iterdir()) == before
