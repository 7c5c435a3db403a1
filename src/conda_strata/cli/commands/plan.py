"""``strata plan``."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from conda_strata.cli.commands import options

if TYPE_CHECKING:
    from conda_strata.image.plan import Layer

HELP = "show which packages share an image layer"
EXAMPLE = "strata plan --env dev --json"


@dataclass(frozen=True)
class Arguments:
    """What the command line says."""

    lock: Path
    env: str
    platform: str | None
    max_layers: int
    json: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    options.add_lock(parser)
    options.add_environment(parser)
    options.add_platform(parser)
    options.add_max_layers(parser)
    options.add_json(parser)


def run(args: Arguments) -> int:
    """Print the plan."""
    from conda_strata.cli import console
    from conda_strata.core.text import megabytes
    from conda_strata.image.plan import plan
    from conda_strata.lock import gate, lockfile
    from conda_strata.spec import platforms

    subdir = platforms.subdir(args.platform) if args.platform else platforms.current()
    lock = lockfile.read(args.lock)
    for notice in gate.notices(lock, args.env, [subdir]):
        console.say(notice)
    layers = plan(lock, args.env, subdir, args.max_layers)
    if args.json:
        console.result_json(
            {
                "platform": subdir,
                "layers": [as_dict(layer) for layer in layers],
            }
        )
        return 0
    for layer in layers:
        named = [f"{r.name.normalized} {r.version}" for r in layer.records]
        names = ", ".join(named + [f"{w.name} {w.version} (pip)" for w in layer.wheels])
        console.result_lines([f"{layer.id} {megabytes(layer.bytes):>12}  {names}"])
    total = megabytes(sum(layer.bytes for layer in layers))
    packages = sum(len(layer.records) + len(layer.wheels) for layer in layers)
    console.say(f"{packages} packages in {len(layers)} layers, {total} to download, {subdir}")
    return 0


def as_dict(layer: Layer) -> dict[str, object]:
    """Return a layer for JSON."""
    from conda_strata.lock.model import identity

    return {
        "id": layer.id,
        "key": layer.key,
        "bytes": layer.bytes,
        "packages": [identity(record) for record in layer.records],
        "wheels": [f"{wheel.name}-{wheel.version}" for wheel in layer.wheels],
    }
