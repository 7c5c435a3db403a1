"""``strata image build``."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from conda_strata.cli.commands import image_options

HELP = "put the project's images into this machine's Docker or Podman, or into an OCI archive"
EXAMPLE = "strata image build --target dev --output image.tar"


@dataclass(frozen=True)
class Arguments(image_options.Shared):
    """What the command line says."""

    output: Path | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "--output",
        metavar="FILE",
        type=Path,
        help="write an OCI archive, for 'docker load', Podman, Apptainer or skopeo",
    )
    image_options.add_shared(parser)


def run(args: Arguments) -> int:
    """Build the images and print their names."""
    from conda_strata.cli import console, progress
    from conda_strata.cli.commands.image_push import told
    from conda_strata.image import load, local, oci_archive
    from conda_strata.spec import platforms

    into = None if args.output else local.find()
    job = image_options.job(args, subdir=platforms.here() if into else None)
    name = job.home.name if job.home else folder_name()
    places = job.reachable()
    built, found = {}, []
    for target in image_options.chosen(args, job):
        with progress.installing() as reporter:
            images = job.compose(target, places=places, reporter=reporter)
        built[f"{name}:{target}"] = images
        if into:
            with progress.waiting(f"{into.title} takes in {name}:{target}"):
                load.load(into, f"{name}:{target}", images[0], job.store)
        image_options.say_left_out(job, target)
        found.append(told(target, f"{name}:{target}", images))
    if args.output:
        with progress.waiting(f"writing {args.output}"):
            oci_archive.write(args.output, built, job.store)
    job.store.prune()
    if not job.settings.file.exists():
        console.say(
            f'To keep it, write strata.toml:\n  [image]\n  name = "ghcr.io/OWNER/{name}"\n'
            f'  base = "{job.settings.base}"'
        )
    if args.json:
        console.result_json(found)
    else:
        console.result_lines(f"{one['target']}={one['image']}" for one in found)
    return 0


def folder_name() -> str:
    """Return what images are called where nothing names them: as their folder."""
    import re

    return re.sub(r"[^a-z0-9]+", "-", Path.cwd().name.lower()).strip("-") or "project"
