"""``strata install``."""

from __future__ import annotations

import argparse
from pathlib import Path

from conda_strata.commands import options

HELP = "install an environment of the lock into a prefix, changing only what differs"
EXAMPLE = "strata install --env dev && strata run -- pytest"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    options.add_files(parser)
    options.add_lock(parser)
    options.add_environment(parser)
    options.add_platform(parser)
    parser.add_argument(
        "--prefix", metavar="DIR", type=Path, default=Path(".conda"), help="default: .conda"
    )


def run(args: argparse.Namespace) -> int:
    """Bring the prefix to what the lock says."""
    from conda_strata import console, lockfile, platforms
    from conda_strata import manifest as manifests
    from conda_strata.check import require_fresh
    from conda_strata.install import install

    subdir = platforms.subdir(args.platform) if args.platform else platforms.current()
    lock = lockfile.read(args.lock)
    records = lock.records(args.env, subdir)
    if files := args.files or manifests.find(Path()):
        require_fresh(manifests.load(files), lock, [subdir])
    with console.installing() as reporter:
        install(records, args.prefix, subdir, reporter=reporter)
    console.result(f"{args.prefix}: {args.env}, {len(records)} packages, {subdir}")
    return 0
