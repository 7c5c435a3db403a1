"""``strata image push``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conda_strata.cli.commands import image_options

if TYPE_CHECKING:
    from conda_strata.image.compose import Composed

HELP = "push the project's images under their content key, unless the registry has them"
EXAMPLE = "strata image push --registry 127.0.0.1:5000/project --reuse ghcr.io/me/project"


@dataclass(frozen=True)
class Arguments(image_options.Shared):
    """What the command line says."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    image_options.add_shared(parser)


def run(args: Arguments) -> int:
    """Push the images that are missing, and print the name of each with its digest."""
    from conda_strata.cli import console, progress
    from conda_strata.image import push

    job = image_options.job(args)
    home = job.registry()
    found = []
    for target in image_options.chosen(args, job):
        if document := job.there(target):
            console.say(f"{target}: {home.name}:{job.tag(target)} is there already")
            name = f"{home.name}@{document.digest}"
            found.append({"target": target, "image": name, "digest": document.digest, "made": 0})
            continue
        with progress.installing() as reporter:
            images = job.push(target, reporter)
        image_options.say_left_out(job, target)
        digest = push.digest(images)
        found.append(told(target, f"{home.name}@{digest}", images))
    job.store.prune()
    if args.json:
        console.result_json(found)
    else:
        console.result_lines(f"{one['target']}={one['image']}" for one in found)
    return 0


def told(target: str, name: str, images: Sequence[Composed]) -> dict[str, Any]:
    """Say what was made, and return that as plain values."""
    from conda_strata.cli import console
    from conda_strata.core.text import megabytes
    from conda_strata.image import push

    made, kept = sum(one.made for one in images), sum(one.kept for one in images)
    new, whole = sum(one.new_bytes for one in images), sum(one.bytes for one in images)
    console.say(
        f"{target}: {made} layers made, {kept} there already; "
        f"{megabytes(new)} of {megabytes(whole)} new"
    )
    return {
        "target": target,
        "image": name,
        "digest": push.digest(images),
        "made": made,
        "kept": kept,
        "bytes": whole,
        "new_bytes": new,
    }
