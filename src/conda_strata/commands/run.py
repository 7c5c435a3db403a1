"""``strata run``."""

from __future__ import annotations

import argparse

from conda_strata.commands import options

HELP = "run a command inside the installed environment, activated as conda does it"
EXAMPLE = "strata run -- python -m my_package"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    options.add_prefix(parser)
    options.add_platform(parser)
    parser.add_argument("words", metavar="CMD", nargs="+", help="the command, after '--'")


def run(args: argparse.Namespace) -> int:
    """Become the command."""
    import os

    from conda_strata import activation, platforms

    subdir = platforms.subdir(args.platform) if args.platform else platforms.current()
    command = activation.command(activation.find_prefix(args.prefix), args.words, subdir)
    os.execv(command[0], command)
