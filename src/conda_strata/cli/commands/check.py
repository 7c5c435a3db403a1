"""``strata check``."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from conda_strata.cli.commands import options

HELP = "say whether strata.lock is up to date with environment.yml; no solve, no network, no write"
EXAMPLE = "strata check || strata lock"


@dataclass(frozen=True)
class Arguments:
    """What the command line says."""

    files: list[Path] | None
    lock: Path
    platforms: list[str] | None
    json: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    options.add_files(parser)
    options.add_lock(parser)
    parser.add_argument(
        "--platform",
        metavar="P",
        dest="platforms",
        action="append",
        help="look at this platform only; may be repeated (default: those of environment.yml)",
    )
    options.add_json(parser)


def run(args: Arguments) -> int:
    """List why the lock is out of date; exit code 1 when it is."""
    from conda_strata.cli import console
    from conda_strata.lock import lockfile
    from conda_strata.lock.check import problems, wheels_elsewhere
    from conda_strata.spec import manifest as manifests
    from conda_strata.spec import platforms, project

    manifest = manifests.load(args.files or manifests.find(project.folder()))
    lock = lockfile.read(args.lock)
    subdirs = [platforms.subdir(p) for p in args.platforms or manifest.platforms]
    found = problems(manifest, lock, subdirs)
    for text in wheels_elsewhere(manifest, lock, subdirs):
        console.say(f"warning: {text}")
    if args.json:
        report = [{"where": p.where, "problem": p.text} for p in found]
        console.result_json({"up_to_date": not found, "problems": report})
    elif not found:
        console.result(f"{args.lock} is up to date")
    else:
        console.result_lines(map(str, found))
        console.say(f"error: {args.lock} is out of date\n  Run 'strata lock' and commit it.")
    return 1 if found else 0
