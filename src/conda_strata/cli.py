"""The command ``strata``: words in, an exit code out, and one place where errors become text."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from typing import NoReturn, Protocol, cast

from conda_strata.errors import StrataError

INTERRUPTED = 130

_COMMANDS = ("lock", "check", "install", "run", "plan", "layers", "key")


class Command(Protocol):
    """What each module of :mod:`conda_strata.commands` offers."""

    HELP: str
    EXAMPLE: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's options."""

    def run(self, args: argparse.Namespace) -> int:
        """Do it, and return the exit code."""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    top = argparse.ArgumentParser(
        prog="strata",
        description="One lock for every platform from a loose environment.yml, "
        "and stable image layers from the lock.",
        epilog="exit codes: 0 ok, 1 stale or different, 2 usage, 3 bad manifest or lock, "
        "4 unsatisfiable, 5 wrong platform, 6 network or corrupt download, 130 interrupted",
    )
    top.add_argument("--version", action="version", version=f"strata {version('conda-strata')}")
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    for name in _COMMANDS:
        command = cast("Command", import_module(f"conda_strata.commands.{name}"))
        sub = commands.add_parser(
            name,
            help=command.HELP,
            description=f"{command.HELP[0].upper()}{command.HELP[1:]}.",
            epilog=f"example:\n  {command.EXAMPLE}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_arguments(sub)
        sub.set_defaults(run=command.run)
    return top


def main(words: Sequence[str] | None = None) -> int:
    """Run ``strata`` and return its exit code."""
    args = parser().parse_args(words)
    from conda_strata import console

    warnings.showwarning = lambda message, *_args, **_kwargs: console.say(f"warning: {message}")
    try:
        return int(args.run(args))
    except StrataError as error:
        console.fail(error)
        return error.exit_code
    except KeyboardInterrupt:
        console.say("interrupted: nothing that was there before has been changed")
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return 1


def entry() -> NoReturn:
    """Run ``strata`` as a process of its own.

    The process ends without Python's finalization: rattler's worker threads may still hold Python
    objects then, which ends one process in twenty with a crash after its work is done.
    """
    try:
        code = main()
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 2
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
