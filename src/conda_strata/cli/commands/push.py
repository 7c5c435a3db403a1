"""``strata push``."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from conda_strata.cli.commands import options

HELP = "push the environment as image layers on top of a base image; only new layers are made"
EXAMPLE = "strata push ghcr.io/me/project:dev --base ghcr.io/me/project:dev-base --env dev"


@dataclass(frozen=True)
class Arguments:
    """What the command line says."""

    image: str
    base: str
    reuse: list[str]
    files: list[Path] | None
    lock: Path
    env: str
    platforms: list[str]
    prefix: str
    compression: str
    max_layers: int
    slim: bool
    json: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("image", metavar="IMAGE", help="the image to push, with its tag")
    parser.add_argument(
        "--base",
        metavar="IMAGE",
        required=True,
        help="the image below the environment: operating system, user and settings",
    )
    parser.add_argument(
        "--reuse",
        metavar="IMAGE",
        action="append",
        default=[],
        help="image whose layers can be used again; may be repeated (besides IMAGE itself)",
    )
    options.add_files(parser)
    options.add_lock(parser)
    options.add_environment(parser)
    options.add_platforms(parser)
    options.add_image_prefix(parser)
    parser.add_argument(
        "--compression",
        choices=("zstd", "gzip"),
        default="zstd",
        help="of new layers (default: zstd; gzip is for registries and runtimes before 2022)",
    )
    options.add_max_layers(parser)
    options.add_slim(parser)
    options.add_json(parser)


def run(args: Arguments) -> int:
    """Push the image and print its name with its digest."""
    from conda_strata.cli import console, link_scripts, progress
    from conda_strata.core.text import megabytes
    from conda_strata.image.layer_set import LayerSet
    from conda_strata.image.push import push
    from conda_strata.lock import gate, lockfile
    from conda_strata.lock.check import require_up_to_date
    from conda_strata.registry.repository import Repository
    from conda_strata.spec import manifest as manifests
    from conda_strata.spec import platforms

    subdirs = [platforms.subdir(name) for name in args.platforms] or [platforms.current()]
    files = args.files or manifests.find(Path())
    manifest = manifests.load(files) if files else None
    lock = lockfile.read(args.lock)
    gate.require_trustworthy(lock, args.env, subdirs, in_layers=True)
    if manifest:
        require_up_to_date(manifest, lock, subdirs)
    wanted = [
        LayerSet.of(
            lock,
            manifest,
            args.env,
            subdir,
            prefix=args.prefix,
            max_layers=args.max_layers,
            slim=args.slim,
        )
        for subdir in subdirs
    ]
    target = Repository(args.image)
    sources = [Repository(name) for name in args.reuse]
    with progress.installing() as reporter:
        pushed = push(
            target,
            Repository(args.base),
            wanted,
            sources=[target, *sources],
            compression=args.compression,
            reporter=reporter,
        )
    link_scripts.say_left_out(record for one in wanted for record in one.records)
    if args.json:
        console.result_json({"image": target.name, **vars(pushed)})
    else:
        console.result(f"{target.name}@{pushed.digest}")
    sent, whole = megabytes(pushed.new_bytes), megabytes(pushed.bytes)
    console.say(f"{pushed.made} layers made, {pushed.kept} there already; {sent} of {whole} new")
    return 0
