"""What the commands ``strata image …`` share: options, and a job of them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from conda_strata.cli.commands import options

if TYPE_CHECKING:
    from conda_strata.image.job import Job
    from conda_strata.lock.model import Lock
    from conda_strata.spec.manifest import Manifest


@dataclass(frozen=True)
class Shared:
    """What the command line says to all of them."""

    targets: list[str]
    registry: str | None
    reuse: list[str]
    platforms: list[str]
    lock: Path
    build_args: list[str]
    build_contexts: list[str]
    json: bool


def add_shared(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--target",
        metavar="NAME",
        dest="targets",
        action="append",
        default=[],
        help="only this image; may be repeated (default: all of the settings: dev and runtime)",
    )
    parser.add_argument(
        "--registry",
        metavar="NAME",
        help="HOST[:PORT]/NAME of the images, in place of the 'name' of the settings",
    )
    parser.add_argument(
        "--reuse",
        metavar="IMAGE",
        action="append",
        default=[],
        help="image whose layers can be used again; may be repeated",
    )
    options.add_platforms(parser, usual="the settings'")
    options.add_lock(parser)
    parser.add_argument(
        "--build-arg",
        metavar="NAME=VALUE",
        dest="build_args",
        action="append",
        default=[],
        help="build argument of the Dockerfile; may be repeated",
    )
    parser.add_argument(
        "--build-context",
        metavar="NAME=VALUE",
        dest="build_contexts",
        action="append",
        default=[],
        help="folder, or docker-image://IMAGE, in the place of a stage or image of the Dockerfile",
    )
    options.add_json(parser)


def job(args: Shared, *, subdir: str | None = None) -> Job:
    """Return what the settings and the command line ask for.

    Parameters
    ----------
    args
        The command line.
    subdir
        The platform where none is named on the command line; None for the settings'.
    """
    from conda_strata.core.errors import UsageError
    from conda_strata.image import settings_file
    from conda_strata.image.blobs import BlobStore
    from conda_strata.image.job import Job, Place
    from conda_strata.image.recipe import Recipe
    from conda_strata.image.settings import checked_name
    from conda_strata.registry.repository import Repository
    from conda_strata.spec import platforms

    settings = settings_file.read(Path())
    name = checked_name(args.registry) if args.registry else settings.name
    named = tuple(dict.fromkeys(platforms.subdir(name) for name in args.platforms))
    subdirs = named or ((subdir,) if subdir else settings.platforms)
    for one in subdirs:
        platforms.docker(one)
    store = BlobStore()
    arguments, contexts = _pairs(args.build_args), _pairs(args.build_contexts)
    lock, manifest = _locked(args.lock, subdirs)
    found = Job(
        settings,
        Recipe(Path(), settings, arguments, contexts, store),
        lock,
        manifest,
        subdirs,
        Repository(name) if name else None,
        [Place.parse(image) for image in args.reuse],
    )
    unknown = [name for name in args.targets if name not in found.targets]
    if unknown:
        raise UsageError(
            f"{unknown[0]!r} is no image of this project",
            f"It has: {', '.join(found.targets) or 'none'}.",
        )
    _require_trustworthy(found)
    return found


def chosen(args: Shared, job: Job) -> list[str]:
    """Return the images that are meant."""
    return args.targets or list(job.targets)


def say_left_out(job: Job, target: str) -> None:
    """Name the scripts of packages that the layers of an image lack the work of."""
    from conda_strata.cli import link_scripts

    environment = job.targets[target]
    records = (record for one in job.subdirs for record in job.lock.records(environment, one))
    link_scripts.say_left_out(records)


def _locked(file: Path, subdirs: Sequence[str]) -> tuple[Lock, Manifest | None]:
    """Return the lock, which satisfies the environment files; solved now where there is none."""
    from conda_strata.cli import console, progress
    from conda_strata.lock import lockfile
    from conda_strata.lock.check import require_up_to_date
    from conda_strata.solve.relock import Request, relock
    from conda_strata.spec import manifest as manifests

    files = manifests.find(Path())
    manifest = manifests.load(files) if files or not file.exists() else None
    if file.exists() or manifest is None:
        lock = lockfile.read(file)
        if manifest:
            require_up_to_date(manifest, lock, list(subdirs))
        return lock, manifest
    with progress.waiting(f"no {file} here: solving {', '.join(subdirs)}"):
        lock = relock(manifest, None, file, Request(list(subdirs)))
    console.say(f"To keep these versions, run 'strata lock' and commit {file}.")
    return lock, manifest


def _require_trustworthy(job: Job) -> None:
    from conda_strata.lock import gate

    built = job.manifest.built if job.manifest else ()
    for environment in dict.fromkeys(job.targets.values()):
        gate.require_trustworthy(
            job.lock, environment, list(job.subdirs), in_layers=True, built=built
        )


def _pairs(texts: Sequence[str]) -> dict[str, str]:
    from conda_strata.core.errors import UsageError

    found = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise UsageError(f"{text!r} is no NAME=VALUE")
        found[name] = value
    return found
