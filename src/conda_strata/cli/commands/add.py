"""``strata add``."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from conda_strata.cli import editing

HELP = "add packages to environment.yml, lock and install them; keeps comments and order"
EXAMPLE = "strata add rich 'numpy >=2' && strata add --dev --platform linux-64 memray"


@dataclass(frozen=True)
class Arguments:
    """What the command line says."""

    packages: list[str]
    dev: bool
    pip: bool
    platforms: list[str]
    lock: Path
    prefix: Path
    no_install: bool
    json: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    editing.add_arguments(parser)
    parser.add_argument(
        "--platform",
        metavar="P",
        dest="platforms",
        action="append",
        default=[],
        help="only there: linux-64, or linux, osx, win; may be repeated (default: everywhere)",
    )


def run(args: Arguments) -> int:
    """Add the packages, or change the versions of those that are there."""
    from conda_strata.spec import edit, platforms, selectors

    words = [p if p in selectors.KNOWN else platforms.subdir(p) for p in args.platforms]
    selector = " or ".join(selectors.of(word) for word in dict.fromkeys(words)) or None

    def edited(file: Path, text: str) -> str:
        for package in args.packages:
            text = edit.add(file, text, package, pip=args.pip, selector=selector)
        return text

    place = editing.Place(args.dev, args.lock, args.prefix, not args.no_install, False, args.json)
    return editing.apply(place, edited)
