"""``strata key``."""

from __future__ import annotations

import argparse
from pathlib import Path

from conda_strata.commands import options

HELP = "print the content key that names the image: a hash of the lock and the Dockerfile"
EXAMPLE = 'docker pull "ghcr.io/me/project:$(strata key)"'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    options.add_lock(parser)
    parser.add_argument(
        "--file",
        metavar="FILE",
        dest="files",
        type=Path,
        action="append",
        help="file that the image is made from; may be repeated (default: .devcontainer/Dockerfile)",
    )
    options.add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Print the key."""
    from conda_strata import console, lockfile
    from conda_strata import manifest as manifests
    from conda_strata.key import content_key

    files = args.files or [Path(".devcontainer/Dockerfile")]
    described = manifests.find(Path())
    variables = manifests.load(described).variables if described else {}
    key = content_key(lockfile.read(args.lock), files, variables)
    if args.json:
        console.result_json({"key": key.short, "digest": key.digest, "inputs": key.inputs})
    else:
        console.result(key.short)
    return 0
