"""``strata loosen``."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

HELP = "show an exported environment file without builds and without dependencies of others"
EXAMPLE = "strata loosen --write"


@dataclass(frozen=True)
class Arguments:
    """What the command line says."""

    file: Path
    write: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "-f",
        "--file",
        metavar="FILE",
        type=Path,
        default=Path("environment.yml"),
        help="the environment file (default: environment.yml)",
    )
    parser.add_argument(
        "--write", action="store_true", help="write the file, instead of only showing the changes"
    )


def run(args: Arguments) -> int:
    """Show the changes as a diff, and make them if that is asked for."""
    import difflib

    from conda_strata.cli import console
    from conda_strata.core import atomic
    from conda_strata.solve.loosen import loosened
    from conda_strata.spec import limited_yaml

    before = limited_yaml.read_text(args.file)
    loose = loosened(args.file)
    old, new = before.splitlines(), loose.text.splitlines()
    if old != new:
        console.result_lines(
            difflib.unified_diff(old, new, str(args.file), f"{args.file} (loose)", lineterm="")
        )
    if loose.unknown:
        console.say(
            f"no channel has these as they are pinned, so what they depend on is not known: "
            f"{', '.join(loose.unknown)}"
        )
    if old == new:
        console.say(f"{args.file} is loose already")
    elif args.write:
        atomic.write(args.file, loose.text.encode())
        console.say(f"{args.file} written")
    else:
        console.say(f"{args.file} is as it was; '--write' makes these changes")
    return 0
