"""``strata install``."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

from conda_strata.cli.commands import options

HELP = "install an environment of the lock into a prefix, changing only what differs"
EXAMPLE = "strata install --env dev && strata run -- pytest"


@dataclass(frozen=True)
class Arguments:
    """What the command line says."""

    files: list[Path] | None
    lock: Path
    env: str
    platform: str | None
    prefix: Path
    json: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    options.add_files(parser)
    options.add_lock(parser)
    options.add_environment(parser)
    options.add_platform(parser)
    parser.add_argument(
        "--prefix",
        metavar="DIR",
        type=Path,
        default=Path(os.environ.get("STRATA_PREFIX", ".conda")),
        help="default: $STRATA_PREFIX, which the image sets, else .conda",
    )
    options.add_json(parser)


def run(args: Arguments) -> int:
    """Bring the prefix to what the lock says."""
    from conda_strata.cli import console, link_scripts, progress
    from conda_strata.lock import gate, lockfile
    from conda_strata.lock.check import require_up_to_date
    from conda_strata.lock.model import identity
    from conda_strata.prefix.environment import bring_to
    from conda_strata.spec import manifest as manifests
    from conda_strata.spec import platforms

    subdir = platforms.subdir(args.platform) if args.platform else platforms.current()
    lock = lockfile.read(args.lock)
    gate.require_trustworthy(lock, args.env, [subdir])
    records, wheels = lock.records(args.env, subdir), lock.wheels_of(args.env, subdir)
    variables = None
    allowed: set[str] = set()
    if files := args.files or manifests.find(Path()):
        manifest = manifests.load(files)
        require_up_to_date(manifest, lock, [subdir])
        variables = manifest.environment_variables(args.env)
        specs = manifest.allowed_scripts(args.env, subdir)
        link_scripts.warn_of_unlocked(specs, records)
        allowed = {spec.text.lower() for spec in specs}
    with progress.installing() as reporter:
        bring_to(
            args.prefix,
            records,
            wheels,
            subdir,
            variables,
            allowed=allowed,
            reporter=reporter,
        )
    if args.json:
        console.result_json(
            {
                "prefix": str(args.prefix),
                "environment": args.env,
                "platform": subdir,
                "packages": [identity(record) for record in records],
                "wheels": [f"{wheel.name}-{wheel.version}" for wheel in wheels],
            }
        )
        return 0
    packages = len(records) + len(wheels)
    console.result(f"{args.prefix}: {args.env}, {packages} packages, {subdir}")
    return 0
