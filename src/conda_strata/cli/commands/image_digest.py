"""``strata image digest``."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from conda_strata.cli.commands import image_options

HELP = "print the digests of this checkout's images; exit code 1 when the registry lacks one"
EXAMPLE = "strata image digest --target dev"


@dataclass(frozen=True)
class Arguments(image_options.Shared):
    """What the command line says."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    image_options.add_shared(parser)


def run(args: Arguments) -> int:
    """Print what is there; nothing is made."""
    from conda_strata.cli import console

    job = image_options.job(args)
    home = job.registry()
    found = []
    for target in image_options.chosen(args, job):
        document = job.there(target)
        name = f"{home.name}:{job.tag(target)}"
        digest = document.digest if document else None
        image = f"{home.name}@{digest}" if digest else None
        found.append({"target": target, "tag": name, "image": image, "digest": digest})
        if not digest:
            console.say(f"{target}: {name} is not there; 'strata image push' makes it")
    if args.json:
        console.result_json({"key": job.key.short, "inputs": job.key.inputs, "images": found})
    else:
        lines = [f"{one['target']}={one['image']}" for one in found if one["image"]]
        if lines:
            console.result_lines(lines)
    return 0 if all(one["digest"] for one in found) else 1
