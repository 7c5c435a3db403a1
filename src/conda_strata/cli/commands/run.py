"""``strata run``."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from conda_strata.cli.commands import options

HELP = "run a command inside the installed environment, activated as conda does it"
EXAMPLE = "strata run -- python -m my_package"


@dataclass(frozen=True)
class Arguments:
    """What the command line says."""

    prefix: Path | None
    platform: str | None
    words: list[str]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    options.add_prefix(parser)
    options.add_platform(parser)
    parser.add_argument("words", metavar="CMD", nargs="+", help="the command, after '--'")


def run(args: Arguments) -> int:
    """Become the command; on Windows, which has no such thing, return its exit code."""
    import os
    import shutil

    from conda_strata.cli import console
    from conda_strata.core import process
    from conda_strata.core.errors import UsageError
    from conda_strata.prefix import activation, foreign
    from conda_strata.spec import platforms

    subdir = platforms.subdir(args.platform) if args.platform else platforms.current()
    prefix = activation.find_prefix(args.prefix)
    if other := foreign.program(prefix, args.words[0]):
        console.say(
            f"warning: {args.words[0]} is not in {prefix}, so this runs {other}\n"
            f"  'strata add --dev {args.words[0]}' adds it; "
            "'strata install --env dev' installs what environment-dev.yml lists."
        )
    if os.name != "nt":
        command = activation.command(prefix, args.words)
        os.execv(command[0], command)
    variables = activation.variables(prefix, subdir)
    program = shutil.which(args.words[0], path=variables["PATH"])
    if program is None:
        raise UsageError(
            f"there is no program {args.words[0]!r} in {prefix}, nor elsewhere on PATH",
            "Add its package: 'strata add PACKAGE'.",
        )
    return process.call([program, *args.words[1:]], variables)
