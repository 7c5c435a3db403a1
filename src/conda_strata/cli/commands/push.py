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
    from conda_strata.image import bases, push
    from conda_strata.image.blobs import BlobStore
    from conda_strata.image.compose import compose
    from conda_strata.image.layer_set import LayerSet
    from conda_strata.lock import gate, lockfile
    from conda_strata.lock.check import require_up_to_date
    from conda_strata.registry.repository import Repository
    from conda_strata.spec import manifest as manifests
    from conda_strata.spec import platforms, project

    subdirs = [platforms.subdir(name) for name in args.platforms] or [platforms.current()]
    files = args.files or manifests.find(project.folder())
    manifest = manifests.load(files) if files else None
    lock = lockfile.read(args.lock)
    built = manifest.built if manifest else ()
    gate.require_trustworthy(lock, args.env, subdirs, in_layers=True, built=built)
    if manifest:
        for subdir in subdirs if args.env in lock.environments else ():
            lock.records(args.env, subdir)  # a platform that it lacks has a code of its own
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
    target, base = Repository(args.image), Repository(args.base)
    sources = [target, *map(Repository, args.reuse)]
    store = BlobStore()
    with progress.installing() as reporter:
        images = [
            compose(
                bases.taken(base, base.tag, one.subdir),
                one,
                store,
                sources=[(source, source.tag) for source in sources],
                compression=args.compression,
                on_made=lambda made: target.upload(store.path(made.digest), made.digest),
                reporter=reporter,
            )
            for one in wanted
        ]
        digest = push.push(target, target.tag, images, store).digest
    link_scripts.say_left_out(record for one in wanted for record in one.records)
    made, kept = sum(one.made for one in images), sum(one.kept for one in images)
    new, whole = sum(one.new_bytes for one in images), sum(one.bytes for one in images)
    if args.json:
        found = {"made": made, "kept": kept, "bytes": whole, "new_bytes": new}
        console.result_json({"image": target.name, "digest": digest, **found})
    else:
        console.result(f"{target.name}@{digest}")
    sent = f"{megabytes(new)} of {megabytes(whole)} new"
    console.say(f"{made} layers made, {kept} there already; {sent}")
    return 0
