"""Commands and shells inside an environment, activated as conda does it."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rattler import Subdir
from rattler.exceptions import ActivationError, ShellError
from rattler.shell import ActivationVariables, Shell, activate

from conda_strata.core.errors import StrataError, UsageError
from conda_strata.prefix import activation_script, leaving
from conda_strata.spec import project

DEFAULT_PREFIX = Path(".conda")


_REFUSAL = """type -P -- "$1" > /dev/null || {
    printf 'error: there is no program %q in %q, nor elsewhere on PATH\\n' "$1" "$CONDA_PREFIX"
    echo "  Add its package: 'strata add PACKAGE'."
    exit 127
} >&2"""
"""Said by the shell, because activation may have changed PATH."""


def find_prefix(named: Path | None) -> Path:
    """Return the environment to work in: the named one, the project's, or the active one.

    The project's is ``STRATA_PREFIX``, which its image sets, else ``.conda``.

    Raises
    ------
    UsageError
        When there is none.
    """
    active = os.environ.get("CONDA_PREFIX")
    own = Path(os.environ.get("STRATA_PREFIX") or project.folder() / DEFAULT_PREFIX)
    candidates = [named] if named else [own, *([Path(active)] if active else [])]
    for prefix in candidates:
        if (prefix / "conda-meta").is_dir():
            return Path(os.path.abspath(prefix))  # noqa: PTH100 - links keep their names
    raise UsageError(
        f"{candidates[0]} is no conda environment", "Run 'strata install' first, or name --prefix."
    )


def command(prefix: Path, words: Sequence[str]) -> list[str]:
    """Return the command that activates *prefix* and then becomes *words*.

    Raises
    ------
    StrataError
        When there is no shell to run the activation scripts in, or one of them is broken.
    """
    shell = shutil.which("bash")
    if shell is None:
        raise StrataError(
            "activation needs bash, which is not on PATH",
            f"Install bash, or run the programs in {prefix / 'bin'} by their path.",
        )
    left, path = leaving.leave_active(prefix)
    script = f"{left}\n{activation_script.posix(prefix, path)}"
    named = "".join(f"export {name}={shlex.quote(text)}\n" for name, text in _names(prefix).items())
    return [shell, "-c", f'{script}\n{named}{_REFUSAL}\nexec "$@"', "strata", *words]


def variables(prefix: Path, subdir: str) -> dict[str, str]:
    """Return the variables of a program inside *prefix* on Windows, as ``cmd.exe`` activates it.

    Raises
    ------
    StrataError
        When an activation script fails.
    """
    with tempfile.TemporaryDirectory(prefix="strata-run-") as name:
        script, found = Path(name) / "activate.bat", Path(name) / "variables.json"
        dump = "import json, os, sys; json.dump(dict(os.environ), open(sys.argv[1], 'w'))"
        script.write_text(
            f'@echo off\n{_batch(prefix, subdir)}\n"{sys.executable}" -I -c "{dump}" "{found}"\n',
            "utf-8",
        )
        done = subprocess.run(["cmd", "/d", "/c", str(script)], check=False)
        if done.returncode or not found.exists():
            raise StrataError(f"{prefix} cannot be activated: exit code {done.returncode}")
        return dict(json.loads(found.read_text("utf-8")))


@dataclass(frozen=True)
class Session:
    """An interactive shell: its command, and the variables it gets besides the user's."""

    command: list[str]
    variables: dict[str, str]


@contextmanager
def session(prefix: Path, program: str, subdir: str) -> Iterator[Session]:
    """Prepare an interactive shell inside *prefix*; the context keeps the files that it reads.

    The user's own start-up files are read first, so that they cannot hide the environment behind
    another one. Shells that are none of bash, zsh and fish inherit it from a bash instead, and on
    Windows all do from ``cmd.exe``.

    Raises
    ------
    StrataError
        When there is no such shell, or an activation script is broken.
    """
    path = shutil.which(program)
    if path is None:
        raise StrataError(
            f"the shell {program!r} is not there", "Name one with --shell, or set SHELL."
        )
    named = _names(prefix)
    label = named["CONDA_DEFAULT_ENV"]
    if os.name == "nt":
        prompt = f"({label}) {os.environ.get('PROMPT', '$P$G')}"
        yield Session([path], {**variables(prefix, subdir), **named, "PROMPT": prompt})
        return
    with tempfile.TemporaryDirectory(prefix="strata-shell-") as name:
        folder = Path(name)
        match Path(path).stem:
            case "bash":
                rc = folder / "bashrc"
                script = f'{_entering("bash", prefix)}\nPS1="({label}) $PS1"\n'
                rc.write_text(f"[ -f ~/.bashrc ] && . ~/.bashrc\n{script}")
                yield Session([path, "--rcfile", str(rc), "-i"], {})
            case "zsh":
                _write_zsh(folder, f'{_entering("zsh", prefix)}\nPROMPT="({label}) $PROMPT"\n')
                own = os.environ.get("ZDOTDIR") or str(Path.home())
                yield Session([path, "-i"], {"ZDOTDIR": name, "STRATA_ZDOTDIR": own})
            case "fish":
                init = folder / "init.fish"
                init.write_text(
                    f"{_entering('fish', prefix)}\nfunctions -c fish_prompt _strata_prompt\n"
                    f"function fish_prompt; echo -n '({label}) '; _strata_prompt; end\n"
                )
                words = ["--interactive", "--init-command", f"source {shlex.quote(str(init))}"]
                yield Session([path, *words], {})
            case _:
                yield Session(command(prefix, [path, "-i"]), named)


def _entering(shell: str, prefix: Path) -> str:
    """Return what a shell runs behind the user's start-up files."""
    names = _names(prefix).items()
    if shell == "fish":
        activated = activation_script.fish(prefix)
        named = [f"set -gx {name} {activation_script.fish_quote(text)}" for name, text in names]
    else:
        activated = activation_script.posix(prefix)
        named = [f"export {name}={shlex.quote(text)}" for name, text in names]
    return "\n".join([leaving.command(shell, prefix), activated, *named])


def display_name(prefix: Path) -> str:
    """Return what people call an environment: its project, or its folder's name."""
    return prefix.parent.name if prefix.name == DEFAULT_PREFIX.name else prefix.name


def _write_zsh(folder: Path, script: str) -> None:
    """Write start-up files that read the user's own, wherever those are, and then activate."""
    (folder / ".zshenv").write_text(
        'ZDOTDIR="$STRATA_ZDOTDIR"\n[[ -f $ZDOTDIR/.zshenv ]] && . "$ZDOTDIR/.zshenv"\n'
        f'STRATA_ZDOTDIR="$ZDOTDIR"\nZDOTDIR={shlex.quote(str(folder))}\n'
    )
    (folder / ".zshrc").write_text(
        'ZDOTDIR="$STRATA_ZDOTDIR"\nunset STRATA_ZDOTDIR\n'
        '[[ -f $ZDOTDIR/.zshrc ]] && . "$ZDOTDIR/.zshrc"\n' + script
    )


def _names(prefix: Path) -> dict[str, str]:
    """Return the variables that tell people and prompts what environment they are in."""
    label = re.sub(r"[^\w.-]", "_", display_name(prefix))
    return {"CONDA_DEFAULT_ENV": label, "CONDA_PROMPT_MODIFIER": f"({label}) "}


def _batch(prefix: Path, subdir: str) -> str:
    # rattler puts the PATH it is given in front of the shell's own, which would double it.
    before = ActivationVariables(None, [str(prefix / "bin")])
    try:
        return activate(prefix, before, Shell.cmd_exe, Subdir(subdir)).script
    except (ActivationError, ShellError) as error:
        raise StrataError(f"{prefix} cannot be activated: {error}") from error
