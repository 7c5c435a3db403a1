"""An interactive shell in a real terminal."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.conftest import HandMadeChannel, Strata, write_environment
from tests.support.terminal import Terminal

SHELL = [sys.executable, "-m", "conda_strata", "shell"]


@pytest.fixture
def installed(strata: Strata, project: Path, channel: HandMadeChannel) -> Path:
    write_environment(project, channel, ["paths"])
    assert strata("lock").returncode == 0
    assert strata("install").returncode == 0
    return project


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shell_is_activated_and_returns_its_exit_code(installed: Path, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    rc = {"bash": ".bashrc", "zsh": ".zshrc", "fish": ".config/fish/config.fish"}[shell]
    (installed.parent / rc).parent.mkdir(parents=True, exist_ok=True)
    (installed.parent / rc).write_text("export PATH=/usr/bin:/bin OWN=mine\n")
    with Terminal(SHELL, installed, {"SHELL": shell}) as terminal:
        terminal.wait_for("(project) ")
        substitution = "(env where)" if shell == "fish" else "$(env where)"
        terminal.type(f"echo where={substitution} $OWN")
        terminal.wait_for("mine")
        terminal.type("exit 7")
        assert terminal.finish() == 7
    shown = "".join(terminal.screen.splitlines())
    assert f"where={installed}/.conda mine" in shown, "the user's own start-up file hid it"


def test_other_shells_inherit_the_environment(installed: Path) -> None:
    with Terminal([*SHELL, "--shell", "sh"], installed, {}) as terminal:
        terminal.type("echo is=$PATHS_HOME; exit 3")
        assert terminal.finish() == 3
    assert f"is={installed}/.conda/share" in "".join(terminal.screen.splitlines())


def test_control_c_is_for_the_shell(installed: Path) -> None:
    with Terminal(SHELL, installed, {"SHELL": "bash"}) as terminal:
        terminal.wait_for("(project) ")
        terminal.type("echo begun; sleep 20")
        terminal.wait_for("\nbegun")
        terminal.type("\x03")
        terminal.type("echo still=here; exit")
        terminal.wait_for("\nstill=here")
        terminal.finish()


def test_active_environment_is_said(installed: Path) -> None:
    env = {"SHELL": "bash", "CONDA_PREFIX": str(installed / ".conda")}
    with Terminal(SHELL, installed, env) as terminal:
        terminal.wait_for("project is already active here")
        terminal.wait_for("(project) ")
        terminal.type("exit")
        assert terminal.finish() == 0


def test_missing_prefix_and_missing_shell(strata: Strata, installed: Path) -> None:
    refused = strata("shell", "--shell", "nonesuch")
    assert refused.returncode == 1
    assert refused.stderr.startswith("error: the shell 'nonesuch' is not there")
    shutil.rmtree(installed / ".conda")
    refused = strata("shell")
    assert refused.returncode == 2
    assert "strata install" in refused.stderr
