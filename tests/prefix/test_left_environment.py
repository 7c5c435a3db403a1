"""``strata run`` and ``shell`` while another environment is active: nothing of it is run or named."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.conftest import HandMadeChannel, Strata, write_environment
from tests.support.terminal import Terminal

SHELL = [sys.executable, "-m", "conda_strata", "shell"]
RC = {"bash": ".bashrc", "zsh": ".zshrc", "fish": ".config/fish/config.fish"}


@pytest.fixture
def other(strata: Strata, project: Path, channel: HandMadeChannel) -> Path:
    """An environment as conda leaves it, with a program, a variable and scripts; ours beside it."""
    write_environment(project, channel, ["paths"])
    strata("lock")
    strata("install")
    prefix = project / "other"
    for name in ("bin", "conda-meta", "etc/conda/deactivate.d"):
        (prefix / name).mkdir(parents=True)
    (prefix / "bin/pytest").write_text("#!/bin/sh\necho other\n")
    (prefix / "bin/pytest").chmod(0o755)
    (prefix / "conda-meta/state").write_text(json.dumps({"env_vars": {"OF_OTHER": "1"}}))
    scripts = prefix / "etc/conda/deactivate.d"
    (scripts / "left.sh").write_text("export LEFT=$CONDA_PREFIX\n")
    (scripts / "left.fish").write_text("set -gx LEFT $CONDA_PREFIX\n")
    return prefix


def activation(prefix: Path) -> dict[str, str]:
    """Return the variables with which ``conda activate`` leaves a shell."""
    return {
        "PATH": f"{prefix}/bin:/usr/bin:/bin",
        "CONDA_PREFIX": str(prefix),
        "CONDA_DEFAULT_ENV": "other",
        "CONDA_PROMPT_MODIFIER": "(other) ",
        "CONDA_PREFIX_1": "/opt/base",
        "CONDA_SHLVL": "2",
        "OF_OTHER": "1",
    }


def test_program_of_the_environment_that_is_left(strata: Strata, other: Path) -> None:
    refused = strata("run", "--", "pytest", **activation(other))
    assert (refused.returncode, refused.stdout) == (127, "")
    assert "so this runs" not in refused.stderr
    assert refused.stderr.startswith("error: there is no program pytest in ")


def test_variables_of_the_environment_that_is_left(strata: Strata, other: Path) -> None:
    shown = strata("run", "--", "env", **activation(other)).stdout.splitlines()
    own = other.with_name(".conda")
    assert {f"PATH={own}/bin:/usr/bin:/bin", f"CONDA_PREFIX={own}", f"LEFT={other}"} <= set(shown)
    assert "CONDA_SHLVL=1" in shown
    assert not [line for line in shown if line.startswith(("OF_OTHER=", "CONDA_PREFIX_1="))]


@pytest.mark.parametrize("by", ["before", "start-up file"])
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_leaves_it(other: Path, shell: str, by: str) -> None:
    """Whether it was active before, or the user's start-up file activates it, as conda's do."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    active = dict.fromkeys(activation(other), "") | {"PATH": os.environ["PATH"]}
    if by == "before":
        active = activation(other)
    else:
        rc = other.parent.parent / RC[shell]
        rc.parent.mkdir(parents=True, exist_ok=True)
        form = "set -gx {0} {1}" if shell == "fish" else "export {0}={1}"
        values = activation(other).items()
        lines = [form.format(name, f"'{value}'") for name, value in values if name != "PATH"]
        path = [f"{other}/bin", "/usr/bin", "/bin"]
        lines.append(form.format("PATH", (" " if shell == "fish" else ":").join(path)))
        prompts = {"bash": 'PS1="(other) $PS1"', "zsh": 'PROMPT="(other) $PROMPT"', "fish": ""}
        rc.write_text("\n".join([*lines, prompts[shell]]) + "\n")
    found = other.parent / "found"
    with Terminal(SHELL, other.parent, {**active, "SHELL": shell}) as terminal:
        terminal.wait_for("(project) ")
        terminal.type(f"env > {found}; exit")
        assert terminal.finish() == 0
    assert "(other)" not in terminal.screen
    shown = dict(line.split("=", 1) for line in found.read_text().splitlines() if "=" in line)
    own = other.with_name(".conda")
    assert shown["PATH"] == f"{own}/bin:/usr/bin:/bin"
    assert (shown["CONDA_PREFIX"], shown["CONDA_SHLVL"]) == (str(own), "1")
    assert shown["CONDA_DEFAULT_ENV"] == "project"
    assert shown["LEFT"] == str(other)
    assert "OF_OTHER" not in shown
    assert "CONDA_PREFIX_1" not in shown


def test_a_shell_in_a_shell_of_another_project(
    strata: Strata, other: Path, channel: HandMadeChannel
) -> None:
    write_environment(other.parent, channel, ["tool"])
    second = other.with_name("second")
    strata("lock", "--lock", "second.lock")
    strata("install", "--lock", "second.lock", "--prefix", str(second))
    with Terminal([*SHELL, "--prefix", str(second)], other.parent, {"SHELL": "bash"}) as terminal:
        terminal.wait_for("(second) ")
        terminal.type(f"{sys.executable} -m conda_strata shell --prefix .conda")
        terminal.wait_for("(project) ")
        terminal.type(f"echo $PATH > {other}/path; exit")
        terminal.type("echo $CONDA_PREFIX > back; exit")
        assert terminal.finish() == 0
    folders = (other / "path").read_text().strip().split(":")
    assert folders[0] == str(other.with_name(".conda") / "bin")
    assert str(second / "bin") not in folders
    assert (other.parent / "back").read_text().strip() == str(second)
