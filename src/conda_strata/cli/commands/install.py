"""``strata install``."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

from conda_strata.cli.commands import options
from conda_strata.spec.manifest import DEFAULT

HELP = "install an environment of the lock into a prefix, changing only what differs"
EXAMPLE = "strata install --env dev && strata run -- pytest"


@dataclass(frozen=True)
class Arguments:
    """What the command line says."""

    files: list[Path] | None
    lock: Path
    env: str | None
    platform: str | None
    prefix: Path
    yes: bool
    json: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    options.add_files(parser)
    options.add_lock(parser)
    parser.add_argument(
        "--env",
        metavar="NAME",
        help="environment: 'default' (environment.yml) or NAME (environment-NAME.yml); "
        "default: the one that the prefix holds, else $STRATA_ENV, else 'default'",
    )
    options.add_platform(parser)
    options.add_own_prefix(parser)
    options.add_yes(parser)
    options.add_json(parser)


def run(args: Arguments) -> int:
    """Bring the prefix to what the lock says."""
    from conda_strata.cli import console, installing, link_scripts
    from conda_strata.lock import gate, lockfile
    from conda_strata.lock.check import require_up_to_date
    from conda_strata.lock.model import identity
    from conda_strata.prefix import held
    from conda_strata.spec import manifest as manifests
    from conda_strata.spec import platforms, project

    subdir = platforms.subdir(args.platform) if args.platform else platforms.current()
    lock = lockfile.read(args.lock)
    name = args.env or held.environment(args.prefix) or os.environ.get("STRATA_ENV") or DEFAULT
    files = args.files or manifests.find(project.folder())
    manifest = manifests.load(files) if files else None
    gate.require_trustworthy(lock, name, [subdir], built=manifest.built if manifest else ())
    records, wheels = lock.records(name, subdir), lock.wheels_of(name, subdir)
    variables = requested = None
    allowed: set[str] = set()
    if manifest:
        require_up_to_date(manifest, lock, [subdir])
        variables = manifest.environment_variables(name)
        requested = [spec.text for spec in manifest.specs(name, subdir)]
        specs = manifest.allowed_scripts(name, subdir)
        link_scripts.warn_of_unlocked(specs, records)
        allowed = {spec.text.lower() for spec in specs}
    wanted = installing.Wanted(name, subdir, records, wheels, variables, requested, allowed)
    installing.install(args.prefix, wanted, sure=args.yes)
    if args.json:
        console.result_json(
            {
                "prefix": str(args.prefix),
                "environment": name,
                "platform": subdir,
                "packages": [identity(record) for record in records],
                "wheels": [f"{wheel.name}-{wheel.version}" for wheel in wheels],
            }
        )
        return 0
    packages = len(records) + len(wheels)
    console.result(f"{args.prefix}: {name}, {packages} packages, {subdir}")
    return 0
