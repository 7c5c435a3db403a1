"""The command ``strata``: words in, an exit code out, and one place where errors become text."""

from __future__ import annotations

import argparse
import gc
import io
import os
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, cast

from conda_strata.cli import escape
from conda_strata.core import log
from conda_strata.core.errors import StrataError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_log = log.logger(__name__)

INTERRUPTED = 130
DEBUG = "STRATA_DEBUG"
"""Variable that does for all commands what ``--verbose`` does for one."""

ISSUES = "https://github.com/leej3/ds-cookiecutter/issues"

_COMMANDS = (
    "lock", "add", "remove", "loosen", "convert", "check", "diff", "export", "install", "run", "lab", "shell",
    "plan", "size", "layers", "push", "key", "image build", "image push", "image digest", "doctor",
    "adopt", "completion",
)  # fmt: skip

_WITHOUT_WIDTH = partial(argparse.HelpFormatter, width=80)
"""To declare options with: argparse formats each to see that it can, and would import much only to
find out how wide the terminal is."""

_GROUPS = {"image": "build, push or look up the project's images"}


class Command(Protocol):
    """What each module of :mod:`conda_strata.cli.commands` offers."""

    HELP: str
    EXAMPLE: str
    Arguments: type[DataclassInstance]

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's options."""

    def run(self, args: Any) -> int:
        """Do what the *args*, of the type ``Arguments``, say, and return the exit code."""


class _Parser(argparse.ArgumentParser):
    """Tells of words that it does not know, wherever they come from, without obeying them."""

    def error(self, message: str) -> NoReturn:
        super().error(escape.line(message))


class _Version(argparse.Action):
    """Print the version, which takes as long to find out as a small command, only when asked."""

    def __call__(self, *_args: object, **_kwargs: object) -> NoReturn:
        from importlib.metadata import version

        print(f"strata {version('conda-strata')}")
        raise SystemExit(0)


class _Verbose(argparse.Action):
    """Note ``-v``; where it stands behind the command of ``strata run``, it is meant for that."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, *_args: object
    ) -> None:
        if getattr(namespace, "words", None):
            parser.error("options of CMD stand after '--': strata run -- CMD -v")
        namespace.verbose = True


def commands() -> dict[str, Command]:
    """Return all commands by name, in the order of the help."""
    return {name: _command(name) for name in _COMMANDS}


def parser(words: Sequence[str] = ()) -> argparse.ArgumentParser:
    """Return the parser of the command line.

    Parameters
    ----------
    words
        What is to be parsed: where it starts with the name of a command, the others are left out,
        so that their modules need not be imported.
    """
    top = _Parser(
        prog="strata",
        description="One lock for every platform from a loose environment.yml, "
        "and stable image layers from the lock.",
        epilog="exit codes: 0 ok, 1 out of date or different, 2 usage, 3 bad manifest or lock, "
        "4 unsatisfiable, 5 wrong platform, 6 network or corrupt download, 130 interrupted",
        allow_abbrev=False,
        formatter_class=_WITHOUT_WIDTH,
    )
    top.add_argument(
        "--version",
        action=_Version,
        nargs=0,
        default=argparse.SUPPRESS,
        help="print the version",
    )
    subparsers = top.add_subparsers(metavar="COMMAND", required=True)
    named = [name for name in _COMMANDS if name.split()[0] in words[:1]] or _COMMANDS
    groups: dict[str, Any] = {"": subparsers}
    for name in named:
        command = _command(name)
        group, _, last = name.rpartition(" ")
        if group not in groups:
            outer = subparsers.add_parser(group, help=_GROUPS[group], description=_GROUPS[group])
            groups[group] = outer.add_subparsers(metavar="COMMAND", required=True)
        sub = groups[group].add_parser(
            last,
            help=command.HELP,
            description=f"{command.HELP[0].upper()}{command.HELP[1:]}.",
            epilog=f"example:\n  {command.EXAMPLE}",
            formatter_class=_WITHOUT_WIDTH,
            allow_abbrev=False,
        )
        command.add_arguments(sub)
        add_verbose(sub)
        sub.set_defaults(command=command)
        sub.formatter_class = argparse.RawDescriptionHelpFormatter
    top.formatter_class = argparse.HelpFormatter
    return top


def add_verbose(parser: argparse.ArgumentParser) -> None:
    """Add ``--verbose``, which every command has."""
    parser.add_argument(
        "-v",
        "--verbose",
        action=_Verbose,
        nargs=0,
        default=False,
        help="say more of what happens, and where an error comes from; so does STRATA_DEBUG=1",
    )


def _command(name: str) -> Command:
    return cast("Command", import_module(f"conda_strata.cli.commands.{name.replace(' ', '_')}"))


def main(words: Sequence[str] | None = None) -> int:
    """Run ``strata`` and return its exit code."""
    words = sys.argv[1:] if words is None else words
    namespace = parser(words).parse_args(words)
    from conda_strata.cli import arguments, console

    command: Command = namespace.command
    verbose = namespace.verbose or bool(os.environ.get(DEBUG))
    try:
        with log.heard(lambda: _told_to_the_user(verbose=verbose)):
            if verbose:
                _log.debug("%s", _circumstances())
            return command.run(
                arguments.typed(command.Arguments, namespace, besides=("command", "verbose"))
            )
    except KeyboardInterrupt:
        console.say("interrupted; run it again to resume")
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - a panic of rattler's is no Exception
        if verbose:
            console.trace(error)
        told = _told(error, verbose=verbose)
        console.fail(told)
        return told.exit_code


def _told_to_the_user(*, verbose: bool) -> AbstractContextManager[None]:
    from conda_strata.cli import logs

    return logs.told(verbose=verbose)


def _told(error: BaseException, *, verbose: bool) -> StrataError:
    """Return what to tell of an error."""
    from conda_strata.cli import console

    if isinstance(error, StrataError):
        return error
    if isinstance(error, OSError) and isinstance(error.filename, str | bytes):
        return StrataError(
            f"{os.fsdecode(error.filename)}: {error.strerror}",
            "Check the path and its permissions; -v shows where it happened.",
        )
    text = " ".join(console.without_secrets(str(error)).split())
    return StrataError(
        f"unexpected {type(error).__name__}{f': {text}' if text else ''}",
        f"Report it with the lines above at {ISSUES}."
        if verbose
        else f"Run it again with -v, and report what it says at {ISSUES}.",
    )


def _circumstances() -> str:
    """Return what to know of this machine where something goes wrong."""
    import platform
    from importlib.metadata import version

    ours = ", ".join(f"{name} {version(name)}" for name in ("conda-strata", "py-rattler"))
    return f"{ours}, Python {platform.python_version()}, {platform.platform()}"


def entry() -> NoReturn:
    """Run ``strata`` as a process of its own.

    The process ends without Python's finalization: rattler's worker threads may still hold Python
    objects then, which ends one process in twenty with a crash after its work is done.
    """
    # A command makes little garbage and ends soon: to look for it often is time lost.
    gc.set_threshold(100_000)
    for stream in (sys.stdout, sys.stderr):
        text = cast(io.TextIOWrapper, stream)
        text.reconfigure(errors="backslashreplace")
        if os.name == "nt":  # pipes get what they get elsewhere
            text.reconfigure(encoding="utf-8", newline="\n")
    try:
        code = main()
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 2
    except KeyboardInterrupt:
        code = INTERRUPTED
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
