"""What is shown while platforms are solved: on a terminal, in a pipe, and when something fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.terminal import Terminal

SOLVES = """
import sys, time
from conda_strata.cli import console, progress
with progress.solving(["linux-64", "osx-arm64"]) as on_solved:
    time.sleep(0.3)
    on_solved("osx-arm64", 98)
    console.say("warning: [bold] /a/very/long/path" + "/to/something" * 6)
    print("warning: from elsewhere", file=sys.stderr)
    time.sleep(0.3)
    if "fail" in sys.argv:
        raise SystemExit("error: no")
    if "interrupt" in sys.argv:
        raise KeyboardInterrupt
    on_solved("linux-64", 512)
    time.sleep(0.3)
print("done")
"""
LONG = "warning: [bold] /a/very/long/path" + "/to/something" * 6


def in_pipe(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", SOLVES, *words],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )


def in_terminal(tmp_path: Path, *words: str, **env: str) -> Terminal:
    with Terminal([sys.executable, "-c", SOLVES, *words], tmp_path, env) as terminal:
        terminal.finish()
    return terminal


def test_pipe_gets_plain_lines() -> None:
    done = in_pipe(TERM="xterm")
    assert done.stdout == "done\n"
    assert done.stderr.splitlines() == [
        "solving linux-64, osx-arm64 …",
        "osx-arm64: 98 packages",
        LONG,
        "warning: from elsewhere",
        "linux-64: 512 packages",
    ]


def test_terminal_shows_a_line_for_each_platform(tmp_path: Path) -> None:
    shown = in_terminal(tmp_path)
    assert "osx-arm64 98 packages" in " ".join(shown.raw.split())
    assert "✓" in shown.raw
    assert "512 packages" in shown.raw


def test_terminal_keeps_only_what_was_said(tmp_path: Path) -> None:
    """Messages stand above the live lines, whole; those are gone in the end."""
    shown = in_terminal(tmp_path)
    assert shown.code == 0
    assert shown.screen.splitlines() == [LONG[:80], LONG[80:], "warning: from elsewhere", "done"]


@pytest.mark.parametrize(
    ("word", "last"), [("fail", "error: no"), ("interrupt", "KeyboardInterrupt")]
)
def test_terminal_is_clean_after_a_failure(tmp_path: Path, word: str, last: str) -> None:
    shown = in_terminal(tmp_path, word)
    assert shown.code != 0
    lines = shown.screen.splitlines()
    assert lines[:3] == [LONG[:80], LONG[80:], "warning: from elsewhere"]
    assert lines[-1] == last
    assert "packages" not in shown.screen
    assert "solving …" not in shown.screen
    assert shown.raw.count("\x1b[?25l") == shown.raw.count("\x1b[?25h"), "the cursor is hidden"


def test_no_color_is_honoured(tmp_path: Path) -> None:
    coloured, plain = in_terminal(tmp_path), in_terminal(tmp_path, NO_COLOR="1")
    assert "\x1b[32m" in coloured.raw
    assert "\x1b[32m" not in plain.raw
    assert "✓" in plain.raw


def test_dumb_terminal_gets_plain_lines(tmp_path: Path) -> None:
    shown = in_terminal(tmp_path, TERM="dumb")
    assert "\x1b" not in shown.raw
    assert "linux-64: 512 packages" in shown.screen


@pytest.mark.parametrize(
    ("words", "more"), [(["check"], []), (["completion", "--help"], ["rattler", "yaml"])]
)
def test_only_what_a_command_needs_is_imported(words: list[str], more: list[str]) -> None:
    """The time that a small command takes is mostly that of its imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "conda_strata", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    modules = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert not modules & {"rich", "asyncio", "shtab", "importlib.metadata", *more}
