"""``strata doctor``."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from conda_strata.cli.commands import options

HELP = "say what is missing or wrong on this machine and in this repository, and how to fix it"
EXAMPLE = "strata doctor --offline"


@dataclass(frozen=True)
class Arguments:
    """What the command line says."""

    files: list[Path] | None
    lock: Path
    env: str | None
    prefix: Path | None
    offline: bool
    json: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    options.add_files(parser)
    options.add_lock(parser)
    parser.add_argument(
        "--env",
        metavar="NAME",
        help="the environment that is meant to be installed (default: whichever is)",
    )
    parser.add_argument(
        "--prefix",
        metavar="DIR",
        type=Path,
        help="the environment's folder (default: $STRATA_PREFIX, else .conda, else the active one)",
    )
    parser.add_argument(
        "--offline",
        action="store_true",
        help="ask neither the channels nor the image's registry",
    )
    options.add_json(parser)


def run(args: Arguments) -> int:
    """Examine everything; exit code 1 when something does not work."""
    from conda_strata.cli import console, verdicts
    from conda_strata.doctor import Level, Request, examine

    request = Request(args.files or [], args.lock, args.env, args.prefix, args.offline)
    count = dict.fromkeys(Level, 0)
    report = []
    for finding in examine(request):
        count[finding.level] += 1
        if args.json:
            report.append(finding.as_dict())
        else:
            verdicts.show(finding.level, finding.check, finding.what, finding.fix)
    if args.json:
        console.result_json({"ok": not count[Level.PROBLEM], "findings": report})
    else:
        problems, warnings = count[Level.PROBLEM], count[Level.WARNING]
        console.result(
            f"\n{_number(problems, 'problem')}, {_number(warnings, 'warning')}"
            if problems or warnings
            else "\nall is well"
        )
    return 1 if count[Level.PROBLEM] else 0


def _number(count: int, what: str) -> str:
    return f"{count or 'no'} {what}{'' if count == 1 else 's'}"
