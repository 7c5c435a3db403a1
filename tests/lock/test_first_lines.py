"""What a person who opens the lock, or gives it to another tool, is told first."""

from __future__ import annotations

from pathlib import Path

from rattler import LockFile

from tests.conftest import HandMadeChannel, Strata, write_environment


def test_first_lines_name_what_conda_takes(strata: Strata, project: Path) -> None:
    assert strata("lock").returncode == 0
    first = (project / "strata.lock").read_text().split("version:")[0]
    assert "'strata export --format explicit'" in first
    assert all(line.startswith("# ") for line in first.splitlines())
    assert [name for name, _ in LockFile.from_path(project / "strata.lock").environments()] == [
        "default"
    ]


def test_lock_without_these_lines_stays_as_it_is(strata: Strata, project: Path) -> None:
    strata("lock")
    file = project / "strata.lock"
    plain = "version:" + file.read_text().partition("version:")[2]
    file.write_text(plain)
    assert strata("check").returncode == 0
    assert strata("lock").stderr.endswith("strata.lock is up to date\n")
    assert file.read_text() == plain


def test_platform_that_is_not_locked_has_one_code(
    strata: Strata, project: Path, channel: HandMadeChannel
) -> None:
    strata("lock")
    for command in (
        ("install", "--platform", "win-64"),
        ("layers", "--platform", "win-64", "--out", "layers"),
        ("plan", "--platform", "win-64"),
        ("export", "--format", "explicit", "--platform", "win-64"),
    ):
        done = strata(*command)
        assert done.returncode == 5, command
        assert "strata.lock is not locked for win-64 (it has linux-64)" in done.stderr
    text = write_environment(project, channel, ["frames"]).read_text()
    (project / "environment.yml").write_text(text.replace("[linux-64]", "[linux-64, win-64]"))
    assert strata("layers", "--platform", "win-64", "--out", "layers").returncode == 5


def test_damaged_lock_is_named_with_its_line(strata: Strata, project: Path) -> None:
    for name, fix in (("pixi.lock", "the tool that wrote it"), ("strata.lock", "'strata lock'")):
        (project / name).write_text("version: 7\nenvironments: [\n")
        refused = strata("plan", "--lock", name)
        assert refused.returncode == 3
        assert f"error: {name}:3: this is damaged" in refused.stderr
        assert fix in refused.stderr
