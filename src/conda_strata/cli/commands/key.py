"""``strata key``."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from conda_strata.cli.commands import options

HELP = "print the content key that names the image: a hash of all that it is made from"
EXAMPLE = 'docker pull "ghcr.io/me/project:$(strata key)"'


@dataclass(frozen=True)
class Arguments:
    """What the command line says."""

    lock: Path
    inputs: list[Path] | None
    bases: list[str]
    json: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    options.add_lock(parser)
    parser.add_argument(
        "--input",
        metavar="FILE",
        dest="inputs",
        type=Path,
        action="append",
        help="file that the image is made from; may be repeated (default: all in .devcontainer "
        "but *.json and *.md)",
    )
    parser.add_argument(
        "--base",
        metavar="IMAGE",
        dest="bases",
        action="append",
        default=[],
        help="image below; its registry is asked for the digest. May be repeated (default: none)",
    )
    options.add_json(parser)


def run(args: Arguments) -> int:
    """Print the key."""
    from conda_strata.cli import console
    from conda_strata.core.errors import UsageError
    from conda_strata.image import key as keys
    from conda_strata.lock import lockfile
    from conda_strata.spec import manifest as manifests

    files = args.inputs or keys.image_files(Path(".devcontainer"))
    if not files:
        raise UsageError(
            "there is no .devcontainer here with a Dockerfile",
            "Name the image's files with --input.",
        )
    described = manifests.find(Path())
    variables = manifests.load(described).variables if described else {}
    lock = lockfile.read(args.lock)
    key = keys.content_key(
        keys.lock_inputs(lock, lock.environments)
        | keys.variable_inputs(variables, variables)
        | keys.file_inputs(files)
        | _digests(args.bases)
    )
    if args.json:
        console.result_json({"key": key.short, "digest": key.digest, "inputs": key.inputs})
    else:
        console.result(key.short)
    return 0


def _digests(images: list[str]) -> dict[str, str]:
    from conda_strata.core.errors import NetworkError
    from conda_strata.registry.repository import Repository

    found = {}
    for name in images:
        repository = Repository(name)
        if (document := repository.get(repository.tag)) is None:
            raise NetworkError(f"{name}: no such image", "Check the name after --base.")
        found[name] = document.digest.removeprefix("sha256:")
    return found
