"""``strata convert``."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from conda_strata.cli.commands import options

HELP = "show the environment.yml that requirements.txt, pyproject.toml, pixi.toml or a lock makes"
EXAMPLE = "strata convert --write && strata lock"


@dataclass(frozen=True)
class Arguments:
    """What the command line says."""

    file: Path | None
    write: bool
    json: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "file",
        metavar="FILE",
        type=Path,
        nargs="?",
        help="requirements.txt, pyproject.toml, pixi.toml, conda-lock.yml or pixi.lock (default: "
        "the first of pixi.toml, pyproject.toml, requirements.txt and conda-lock.yml here)",
    )
    parser.add_argument(
        "--write", action="store_true", help="write the files, instead of only showing them"
    )
    options.add_json(parser)


def run(args: Arguments) -> int:
    """Show the environment files, and write them if that is asked for."""
    from conda_strata.cli import console
    from conda_strata.convert import inputs
    from conda_strata.core import atomic
    from conda_strata.core.errors import UsageError

    source = args.file or inputs.found(Path())
    drafts = inputs.convert(source)
    files = {source.parent / name: text for name, text in drafts.files().items()}
    if args.write:
        if there := [str(file) for file in files if file.exists()]:
            raise UsageError(
                f"{', '.join(there)} is there already", "Rename it, or add what you need to it."
            )
        for file, text in files.items():
            atomic.write(file, text.encode())
    left = list(dict.fromkeys(drafts.left))
    if args.json:
        report = {str(file): text for file, text in files.items()}
        console.result_json({"written": args.write, "files": report, "left_out": left})
        return 0
    for file, text in files.items():
        if not args.write:
            console.result_lines([f"==> {file}", *text.splitlines(), ""])
    for sentence in left:
        console.say(f"left out: {sentence}")
    for file in files:
        console.say(f"{file} {'written' if args.write else 'would be written by --write'}")
    return 0
