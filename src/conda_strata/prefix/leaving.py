"""What a shell runs to leave the environment that is active, so that the next one has it to itself.

An interactive shell knows that only once it has read the user's start-up files, which often activate
one. So it runs this module, by ``python -m``, and then what the module prints.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from conda_strata.prefix.activation_script import environment_variables, fish_quote, scripts

_OF_FORMER = re.compile(r"CONDA_(PREFIX|STACKED)_\d+")
"""The variables in which conda keeps what was active before that."""


def leave_active(prefix: Path) -> tuple[str, list[str]]:
    """Return how bash leaves the active environment, and the folders of programs without it.

    Activating *prefix* itself once more leaves nothing, and puts its programs first once.
    """
    left = _left(prefix)
    lines = [f". {shlex.quote(str(script))}" for script in _scripts(left, "sh")]
    lines += [f"unset {name}" for name in _names(left)]
    return "\n".join(lines), _path(prefix, left)


def leave_in_shell(shell: str, prefix: Path) -> str:
    """Return the commands with which bash, zsh or fish leaves the active environment for *prefix*."""
    if shell != "fish":
        script, path = leave_active(prefix)
        # The prompt that conda has changed, in the variable that the shell has for it.
        name = {"bash": "PS1", "zsh": "PROMPT"}[shell]
        prompt = f'{name}="${{{name}#"$CONDA_PROMPT_MODIFIER"}}"'
        return f"{prompt}\n{script}\nexport PATH={shlex.quote(os.pathsep.join(path))}\n"
    left = _left(prefix)
    lines = [f"source {fish_quote(str(script))}" for script in _scripts(left, "fish")]
    lines += [f"set -e {name}" for name in _names(left)]
    folders = " ".join(fish_quote(folder) for folder in _path(prefix, left))
    return "\n".join([*lines, f"set -gx PATH {folders}\n"])


def command(shell: str, prefix: Path) -> str:
    """Return what bash, zsh or fish runs to leave the environment that is active by then, if one is."""
    quote = fish_quote if shell == "fish" else shlex.quote
    asks = [sys.executable, "-I", "-m", __name__, shell, str(prefix)]
    asked = " ".join(quote(word) for word in asks)
    if shell == "fish":
        return f"set -q CONDA_PREFIX; and {asked} | source"
    return f'[ -z "$CONDA_PREFIX" ] || eval "$({asked})"'


def _left(prefix: Path) -> Path | None:
    active = os.environ.get("CONDA_PREFIX")
    return Path(active) if active and Path(active).absolute() != prefix else None


def _scripts(left: Path | None, suffix: str) -> list[Path]:
    return scripts(left, "deactivate.d", suffix)[::-1] if left else []


def _names(left: Path | None) -> Sequence[str]:
    if left is None:
        return ()
    return [*environment_variables(left), *filter(_OF_FORMER.fullmatch, os.environ)]


def _path(prefix: Path, left: Path | None) -> list[str]:
    programs = {str(prefix / "bin")}
    if left:
        programs |= {str(left / "bin"), str(left / "condabin")}
    folders = os.environ.get("PATH", "").split(os.pathsep)
    return [folder for folder in folders if folder and folder not in programs]


if __name__ == "__main__":
    print(leave_in_shell(sys.argv[1], Path(sys.argv[2])), end="")
