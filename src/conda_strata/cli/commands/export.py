"""``strata export``."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from conda_strata.cli.commands import options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conda_strata.lock.model import Lock
    from conda_strata.pypi.wheel import Wheel

HELP = "write the lock for plain conda, mamba, micromamba or conda-lock"
EXAMPLE = "strata export --format explicit > env.txt && conda create --name NAME --file env.txt"


@dataclass(frozen=True)
class Arguments:
    """What the command line says."""

    format: str
    lock: Path
    env: str
    platform: str | None
    output: Path | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "--format",
        required=True,
        choices=("explicit", "conda-lock", "environment"),
        help="explicit: an @EXPLICIT file, URLs and hashes of one platform; conda-lock: a "
        "conda-lock.yml for all platforms; environment: a pinned environment.yml of one platform",
    )
    options.add_lock(parser)
    options.add_environment(parser)
    parser.add_argument(
        "--platform",
        metavar="P",
        help="platform, such as linux-64 or linux/amd64 (default: this machine's; with "
        "conda-lock: all of the lock)",
    )
    parser.add_argument(
        "--output", metavar="FILE", type=Path, help="write it to this file (default: stdout)"
    )


def run(args: Arguments) -> int:
    """Print or write the export."""
    from conda_strata.cli import console, escape
    from conda_strata.lock import gate, lockfile
    from conda_strata.report import export
    from conda_strata.report.export import conda_lock, environment, explicit
    from conda_strata.spec import platforms

    lock = lockfile.read(args.lock)
    for notice in _notices(lock, args.env, args.platform):
        console.say(notice)
    lock = gate.without_local(lock)
    if args.format == "conda-lock":
        all_subdirs = sorted(lock.environments.get(args.env, {})) or lock.subdirs
        subdirs = [platforms.subdir(args.platform)] if args.platform else all_subdirs
        text = conda_lock.render(lock, args.env, subdirs)
    else:
        subdir = platforms.subdir(args.platform) if args.platform else platforms.current()
        if args.format == "explicit":
            text = explicit.render(lock, args.env, subdir)
        else:
            text = environment.render(lock, args.env, subdir, _variables(args))
        if args.format == "explicit" and (wheels := lock.wheels_of(args.env, subdir)):
            console.say(_wheels_are_left_out(wheels, args.output))
    if args.output:
        export.write(args.output, escape.document(text))
        console.say(f"{args.output} written")
    else:
        console.result(text.rstrip("\n"))
    return 0


def _variables(args: Arguments) -> dict[str, str]:
    """Return what the environment files beside the lock set; they are not of another tool's lock."""
    from conda_strata.lock import lockfile
    from conda_strata.spec import manifest as manifests

    files = manifests.find(args.lock.parent) if args.lock.name == lockfile.FILE_NAME else []
    return manifests.load(files).environment_variables(args.env) if files else {}


def _notices(lock: Lock, environment: str, platform: str | None) -> list[str]:
    from conda_strata.lock import gate
    from conda_strata.spec import platforms

    subdirs = [platforms.subdir(platform)] if platform else lock.subdirs
    found = gate.notices(lock, environment, subdirs)
    wheels = [wheel for subdir in subdirs for wheel in lock.wheels_of(environment, subdir)]
    if local := sorted({wheel.name for wheel in wheels if gate.is_local(wheel)}):
        found.append(f"warning: on no index, and so left out of the export: {', '.join(local)}")
    return found


def _wheels_are_left_out(wheels: Sequence[Wheel], output: Path | None) -> str:
    names = ", ".join(f"{wheel.name} {wheel.version}" for wheel in wheels)
    return (
        f"warning: conda and mamba take no wheels from an explicit file and leave out: {names}\n"
        "  They stand in it as comments. Install them into the finished environment with:\n"
        f"  sed -n 's/^# pip //p' {output or 'FILE'} | python -m pip install --no-deps "
        "-r /dev/stdin"
    )
