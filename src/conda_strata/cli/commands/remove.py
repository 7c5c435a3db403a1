"""``strata remove``."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from conda_strata.cli import editing

HELP = "take packages out of environment.yml, lock, and remove what nothing else needs"
EXAMPLE = "strata remove rich"


@dataclass(frozen=True)
class Arguments:
    """What the command line says."""

    packages: list[str]
    dev: bool
    pip: bool
    lock: Path
    prefix: Path
    no_install: bool
    json: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    editing.add_arguments(parser)


def run(args: Arguments) -> int:
    """Take the packages out."""
    from conda_strata.spec import edit

    def edited(file: Path, text: str) -> str:
        for package in args.packages:
            text = edit.remove(file, text, package, pip=args.pip)
        return text

    # To remove is what the command is for: nobody is asked.
    place = editing.Place(args.dev, args.lock, args.prefix, not args.no_install, True, args.json)
    return editing.apply(place, edited)
