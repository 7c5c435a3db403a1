"""``strata loosen``."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from conda_strata.cli.commands import options

HELP = "show an exported environment file without builds and without dependencies of others"
EXAMPLE = "strata loosen --write"


@dataclass(frozen=True)
class Arguments:
    """What the command line says."""

    files: list[Path] | None
    write: bool
    json: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    options.add_files(parser)
    parser.add_argument(
        "--write", action="store_true", help="write the files, instead of only showing the changes"
    )
    options.add_json(parser)


def run(args: Arguments) -> int:
    """Show the changes as a diff, and make them if that is asked for."""
    from conda_strata.cli import console
    from conda_strata.core import atomic
    from conda_strata.core.errors import UsageError
    from conda_strata.solve.loosen import loosened
    from conda_strata.spec import manifest

    files = args.files or manifest.find(Path())
    if not files:
        raise UsageError("no environment.yml here", "Name the file: -f.")
    loose = {file: loosened(file) for file in files}
    for file, found in loose.items():
        if args.write and found.changes:
            atomic.write(file, found.text.encode())
    if args.json:
        report = [
            {"file": str(file), "changes": list(found.changes), "unknown": list(found.unknown)}
            for file, found in loose.items()
        ]
        console.result_json({"written": args.write, "files": report})
        return 0
    for file, found in loose.items():
        if found.changes:
            console.result_lines(found.changes)
        if found.unknown:
            console.say(
                f"{file}: no channel has these as they are pinned, so what they depend on is not "
                f"known: {', '.join(found.unknown)}"
            )
        if not found.changes:
            console.say(f"{file} is loose already")
        elif args.write:
            console.say(f"{file} written")
        else:
            console.say(f"{file} is as it was; '--write' makes these changes")
    return 0
