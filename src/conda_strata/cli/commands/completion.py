"""``strata completion``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

HELP = "print the script that lets a shell complete strata's commands and options"
EXAMPLE = "strata completion bash > ~/.local/share/bash-completion/completions/strata"
EPILOG = """where the script goes:
  bash  ~/.local/share/bash-completion/completions/strata
  zsh   a file _strata in a folder of $fpath, such as ~/.zfunc/_strata
        (in ~/.zshrc: fpath+=~/.zfunc; autoload -Uz compinit; compinit)
  fish  ~/.config/fish/completions/strata.fish
  tcsh  any file, sourced by ~/.tcshrc
for one session only:
  eval "$(strata completion bash)"
"""

SHELLS = ("bash", "zsh", "fish", "tcsh")


@dataclass(frozen=True)
class Arguments:
    """What the command line says."""

    shell: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("shell", metavar="SHELL", choices=SHELLS, help=", ".join(SHELLS))
    parser.epilog = f"{EPILOG}\n{parser.epilog or ''}"


def run(args: Arguments) -> int:
    """Print the script."""
    from pathlib import Path

    import shtab

    from conda_strata.cli import console
    from conda_strata.cli import main as cli
    from conda_strata.spec.platforms import VIRTUAL_PACKAGES

    top = cli.parser()
    for action in _actions(top):
        if action.metavar == "P":
            action.choices = sorted(VIRTUAL_PACKAGES)
        elif action.type is Path:
            kind = shtab.DIRECTORY if action.metavar == "DIR" else shtab.FILE
            action.complete = kind  # type: ignore[attr-defined]
    console.result_script(shtab.complete(top, args.shell))
    return 0


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for sub in action.choices.values():
                yield from _actions(sub)
