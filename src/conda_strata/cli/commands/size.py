"""``strata size``."""

from __future__ import annotations

import argparse
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from conda_strata.cli.commands import options

if TYPE_CHECKING:
    from conda_strata.report.size.measure import Against, Size

HELP = "show the download size of an environment and what made it grow, from locks alone"
EXAMPLE = "strata size --against origin/main:strata.lock --limit 800MB"


@dataclass(frozen=True)
class Arguments:
    """What the command line says."""

    lock: Path
    env: str
    platform: str | None
    against: str | None
    limit: str | None
    top: int
    format: str
    json: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    options.add_lock(parser)
    options.add_environment(parser)
    parser.add_argument(
        "--platform",
        metavar="P",
        help="platform, such as linux-64 or linux/amd64 (default: that of an image which is built "
        "on this machine)",
    )
    parser.add_argument(
        "--against",
        metavar="OLD",
        help="say what grew since this lock: a file (pixi.lock too), or REV:PATH for one in git; "
        "/dev/null, an empty file or a path that REV does not have is a lock without packages",
    )
    parser.add_argument(
        "--limit",
        metavar="SIZE",
        help="exit code 1 when it is larger: 800MB, 1.5GB, 750MiB, or bytes "
        "(default: size-limit of the settings, if any)",
    )
    parser.add_argument(
        "--top",
        metavar="N",
        type=int,
        default=15,
        help="list this many packages in text and markdown (default: 15)",
    )
    options.add_format(parser, "GitHub's job summary", "all packages and changes, with bytes")


def run(args: Arguments) -> int:
    """Print the figures; exit code 1 when they are above the limit."""
    import shutil

    from conda_strata.cli import console
    from conda_strata.core import sizes
    from conda_strata.core.errors import StrataError, UsageError
    from conda_strata.image import settings_file
    from conda_strata.lock import lockfile
    from conda_strata.report.size import measure as size
    from conda_strata.report.size import text as size_report
    from conda_strata.spec import manifest as manifests
    from conda_strata.spec import platforms

    if args.top < 1:
        raise UsageError(f"--top {args.top} lists nothing", "Name a number from 1 on.")
    said = args.limit or settings_file.read(Path(args.lock).parent).size_limit
    limit = sizes.read(said) if said else None
    lock = lockfile.read(args.lock)
    subdir = (
        platforms.subdir(args.platform)
        if args.platform
        else image_subdir(platforms.current(), lock.environments.get(args.env, ()))
    )
    lock.records(args.env, subdir)
    files = manifests.find(Path(args.lock).parent)
    specs = manifests.load(files).specs(args.env, subdir) if files else []
    now = size.measure(lock, args.env, subdir, specs)
    against = None if args.against is None else _against(args.against, args.env, subdir, now)
    report = size.Report(args.env, subdir, now, against, limit)
    if args.json:
        console.result_json(report.as_dict())
    elif args.format == "markdown":
        console.result(size_report.markdown(report, args.top))
    else:
        width = max(80, shutil.get_terminal_size().columns)
        console.result_lines(size_report.text(report, args.top, width))
    if report.excess > 0:
        raise StrataError(
            size_report.blame(report),
            "Drop or replace a package ('strata size' says what needs it), "
            "or raise the limit where it is set.",
        )
    return 0


def image_subdir(machine: str, locked: Collection[str]) -> str:
    """Return the platform of an image that is built on *machine*, which need not be Linux.

    Parameters
    ----------
    machine
        Subdir of the machine.
    locked
        Subdirs of the environment in the lock: where Linux is emulated, images of both run.
    """
    if machine.startswith("linux-"):
        return machine
    native, other = "linux-64", "linux-aarch64"
    if machine == "osx-arm64":
        native, other = other, native
    return other if other in locked and native not in locked else native


def _against(name: str, environment: str, subdir: str, now: Size) -> Against:
    from conda_strata.cli import console
    from conda_strata.lock import revision
    from conda_strata.report.size import measure as size

    old = revision.read(name)
    if not old.environments:
        console.say(f"there is no lock in {name}: compared with nothing")
    elif subdir not in old.environments.get(environment, {}):
        console.say(f"{name} has no environment {environment} on {subdir}: compared with nothing")
    before = size.measure(old, environment, subdir)
    return size.Against(name, before, size.changes(before, now))
