"""``strata layers``."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from conda_strata.cli.commands import options

HELP = "write the trees of the image layers, byte for byte the same on every machine"
EXAMPLE = "strata layers --env dev --out /layers"


@dataclass(frozen=True)
class Arguments:
    """What the command line says."""

    out: Path
    files: list[Path] | None
    lock: Path
    env: str
    platform: str | None
    prefix: str
    max_layers: int
    slim: bool
    locked: bool
    json: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        required=True,
        help="new folder; gets one folder per layer, 00 and up, empty ones included",
    )
    options.add_files(parser)
    options.add_lock(parser)
    options.add_environment(parser)
    options.add_platform(parser)
    options.add_image_prefix(parser)
    options.add_max_layers(parser)
    options.add_slim(parser)
    parser.add_argument(
        "--locked", action="store_true", help="refuse to solve where there is no lock"
    )
    options.add_json(parser)


def run(args: Arguments) -> int:
    """Write the layers from the lock, or from a solve on the spot where there is none."""
    from conda_strata.cli import console, link_scripts, progress
    from conda_strata.cli.commands import plan
    from conda_strata.image.folders import write_layers
    from conda_strata.image.layer_set import LayerSet
    from conda_strata.lock import gate, lockfile
    from conda_strata.lock.check import require_up_to_date
    from conda_strata.solve.relock import Request, relock
    from conda_strata.spec import manifest as manifests
    from conda_strata.spec import platforms, project

    subdir = platforms.subdir(args.platform) if args.platform else platforms.current()
    files = args.files or manifests.find(project.folder())
    manifest = manifests.load(files) if files or not args.lock.exists() else None
    built = manifest.built if manifest else ()
    if args.lock.exists() or args.locked or manifest is None:
        lock = lockfile.read(args.lock)
        gate.require_trustworthy(lock, args.env, [subdir], in_layers=True, built=built)
        if manifest:
            if args.env in lock.environments:
                lock.records(args.env, subdir)  # a platform that it lacks has a code of its own
            require_up_to_date(manifest, lock, [subdir])
    else:
        with progress.waiting(f"no {args.lock} here: solving {subdir}"):
            lock = relock(manifest, None, args.lock, Request([subdir]))
        gate.require_trustworthy(lock, args.env, [subdir], in_layers=True, built=built)
    wanted = LayerSet.of(
        lock,
        manifest,
        args.env,
        subdir,
        prefix=args.prefix,
        max_layers=args.max_layers,
        slim=args.slim,
    )
    with progress.installing() as reporter:
        write_layers(wanted, args.out, args.max_layers, reporter=reporter)
    link_scripts.say_left_out(wanted.records)
    layers = [layer for layer in wanted.layers if layer.records or layer.wheels]
    if args.json:
        held = [plan.as_dict(layer) for layer in layers]
        console.result_json({"folder": str(args.out), "platform": subdir, "layers": held})
        return 0
    packages = sum(len(layer.records) + len(layer.wheels) for layer in layers)
    console.result(f"{args.out}: {packages} packages in {len(layers)} layers, {subdir}")
    return 0
