"""What a user sees of an error: a line and what to do; with ``-v`` all that is known of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from conda_strata.cli import main as cli
from tests.conftest import Strata

ISSUES = "https://github.com/leej3/ds-cookiecutter/issues"


@pytest.fixture
def broken(tmp_path: Path) -> dict[str, str]:
    """An environment in which strata has a mistake: a dependency that lacks what it had."""
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "yaml.py").write_text("")
    return {"PYTHONPATH": str(folder)}


@pytest.fixture
def unreadable(project: Path) -> str:
    """A channel that cannot be read, so that rattler itself fails."""
    text = "channels: [file:///no/such/channel]\nplatforms: [linux-64]\ndependencies: [frames]\n"
    (project / "environment.yml").write_text(text)
    return "error: unknown channel: "


def test_a_mistake_of_ours_is_one_line_and_where_to_report_it(
    strata: Strata, broken: dict[str, str]
) -> None:
    failed = strata("lock", **broken)
    error, fix = failed.stderr.splitlines()
    assert (failed.returncode, failed.stdout) == (1, "")
    assert error.startswith("error: unexpected AttributeError: module 'yaml' has no attribute")
    assert fix == f"  Run it again with -v, and report what it says at {ISSUES}."


def test_its_traceback_stands_before_it(strata: Strata, broken: dict[str, str]) -> None:
    failed = strata("lock", "-v", **broken)
    *before, error, fix = failed.stderr.splitlines()
    assert failed.returncode == 1
    assert "Traceback (most recent call last):" in before
    assert any("debug: conda-strata " in line and "py-rattler " in line for line in before)
    assert error.startswith("error: unexpected AttributeError: ")
    assert fix == f"  Report it with the lines above at {ISSUES}."


@pytest.mark.parametrize(
    ("words", "env"),
    [(["-v"], {}), (["--verbose"], {}), ([], {"STRATA_DEBUG": "1"})],
    ids=["short", "long", "variable"],
)
def test_the_cause_of_an_error_is_shown(
    strata: Strata, unreadable: str, words: list[str], env: dict[str, str]
) -> None:
    brief, full = strata("lock"), strata("lock", *words, **env)
    assert brief.returncode == full.returncode == 6
    assert "Traceback" not in brief.stderr
    assert "debug: " not in brief.stderr
    assert brief.stderr.splitlines()[-2].startswith(unreadable)
    before, _, after = full.stderr.partition(unreadable)
    assert "direct cause of the following exception" in before
    assert "rattler.exceptions." in before or "Caused by: " in before
    assert brief.stderr.endswith(unreadable + after)


def test_passwords_are_not_in_the_traceback(strata: Strata, project: Path) -> None:
    """A person may paste it into an issue."""
    config = project.parent / ".config/rattler/config.toml"
    config.parent.mkdir(parents=True)
    mirror = "http://me:s3cret@127.0.0.1:9/t/tk-123/c"
    config.write_text(f'[mirrors]\n"https://channel.invalid/c" = ["{mirror}"]\n')
    text = "channels: ['https://channel.invalid/c']\nplatforms: [linux-64]\ndependencies: [a]\n"
    (project / "environment.yml").write_text(text)
    failed = strata("lock", "-v")
    assert failed.returncode == 6
    assert "Traceback" in failed.stderr
    assert "127.0.0.1:9" in failed.stderr
    assert not [word for word in ("s3cret", "tk-123") if word in failed.stderr]


def test_a_file_that_cannot_be_used_is_named(strata: Strata, project: Path) -> None:
    strata("lock")
    (project / "trees").write_text("no folder")
    failed = strata("layers", "--out", "trees")
    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr == (
        "error: trees: Not a directory\n"
        "  Check the path and its permissions; -v shows where it happened.\n"
    )
    assert "NotADirectoryError" in strata("layers", "--out", "trees", "-v").stderr


@pytest.mark.parametrize("name", cli.commands())
def test_every_command_can_be_verbose(strata: Strata, name: str) -> None:
    assert "-v, --verbose" in strata(*name.split(), "--help", NO_COLOR="1").stdout


def test_verbose_is_not_taken_from_the_command_that_is_run(strata: Strata) -> None:
    refused = strata("run", "pytest", "-v")
    assert refused.returncode == 2
    assert "strata run -- CMD -v" in refused.stderr


@pytest.mark.parametrize(
    "words", [("lock", "--dry"), ("lock", "--up", "frames"), ("check", "--verb"), ("--vers",)]
)
def test_options_are_written_in_full(strata: Strata, words: tuple[str, ...]) -> None:
    """An abbreviation would mean something else, or nothing, once there is another option."""
    refused = strata(*words)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert words[-1] in refused.stderr or words[1] in refused.stderr
