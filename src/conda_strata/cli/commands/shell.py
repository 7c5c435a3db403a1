"""``strata shell``."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from conda_strata.cli.commands import options

HELP = "open a shell inside the installed environment, activated as conda does it"
EXAMPLE = "strata shell"


@dataclass(frozen=True)
class Arguments:
    """What the command line says."""

    prefix: Path | None
    shell: str | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    options.add_prefix(parser)
    parser.add_argument(
        "--shell",
        metavar="PROGRAM",
        help="bash, zsh, fish or another shell (default: $SHELL, else bash, on Windows cmd)",
    )


def run(args: Arguments) -> int:
    """Open the shell, and return its exit code."""
    import os

    from conda_strata.cli import console
    from conda_strata.core import process
    from conda_strata.prefix import activation
    from conda_strata.spec import platforms

    prefix = activation.find_prefix(args.prefix)
    name = activation.display_name(prefix)
    if (active := os.environ.get("CONDA_PREFIX")) and Path(active).absolute() == prefix:
        console.say(f"{name} is already active here: 'exit' leads back to it")
    program = args.shell or os.environ.get("SHELL") or os.environ.get("COMSPEC") or "bash"
    with activation.session(prefix, program, platforms.current()) as session:
        return process.call(session.command, {**os.environ, **session.variables})
