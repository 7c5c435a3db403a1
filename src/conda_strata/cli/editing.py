"""Edit an environment file, lock and install in one go: ``strata add`` and ``strata remove``."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from conda_strata.cli.commands import options

if TYPE_CHECKING:
    from conda_strata.lock.changes import Change
    from conda_strata.lock.model import Lock
    from conda_strata.spec.manifest import Manifest

Edit = Callable[[Path, str], str]
"""Is given an environment file and its text, and returns the new text."""


@dataclass(frozen=True)
class Place:
    """Which files and which prefix are meant."""

    dev: bool
    lock: Path
    prefix: Path
    install: bool
    yes: bool
    json: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options that adding and removing share."""
    parser.add_argument("packages", metavar="PACKAGE", nargs="+", help="such as 'numpy'")
    parser.add_argument(
        "--dev",
        action="store_true",
        help="in environment-dev.yml: what people need, and the analysis does not",
    )
    parser.add_argument("--pip", action="store_true", help="in the 'pip:' list: from PyPI")
    options.add_lock(parser)
    options.add_own_prefix(parser)
    parser.add_argument(
        "--no-install", action="store_true", help="lock only, and leave the prefix as it is"
    )
    options.add_json(parser)


def apply(place: Place, edit: Edit) -> int:
    """Edit, lock and install; where no lock can be made, the environment file stays as it was."""
    from conda_strata.cli import console
    from conda_strata.core import atomic
    from conda_strata.lock import lockfile
    from conda_strata.rattler.file_locks import exclusive, guard_of
    from conda_strata.spec import limited_text, project
    from conda_strata.spec import manifest as manifests

    folder = project.folder()
    file = folder / ("environment-dev.yml" if place.dev else "environment.yml")
    with exclusive(guard_of(place.lock), str(place.lock)):
        before = limited_text.read(file)
        after = edit(file, before)
        files = manifests.find(folder)
        manifest = manifests.load(files, {file: after})
        old = lockfile.read(place.lock, to_write=True) if place.lock.exists() else None
        new, moved = _solved(manifest, old, place.lock)
        if after != before:
            atomic.write(file, after.encode())
        try:
            lockfile.write(new)
        except BaseException:
            atomic.write(file, before.encode())
            raise
    console.say(f"{file} {'changed' if after != before else 'is as it was'}, {place.lock} written")
    if place.install:
        _install(place, manifest, new)
    if place.json:
        report = {
            subdir: [change.as_dict() | {"why": why} for change, why in found]
            for subdir, found in moved.items()
        }
        console.result_json({"file": str(file), "edited": after != before, "changes": report})
        return 0
    for subdir, found in moved.items():
        console.result(f"{subdir}: {len(found)} changed")
        if old and subdir in old.subdirs:
            console.result_lines(
                f"  {change}{f'  ({why})' if why else ''}" for change, why in found
            )
    return 0


def _solved(
    manifest: Manifest, old: Lock | None, path: Path
) -> tuple[Lock, dict[str, list[tuple[Change, str]]]]:
    from conda_strata.cli import progress
    from conda_strata.cli.commands import lock
    from conda_strata.solve.relock import relock

    request = lock.request_of(
        manifest, lock.Arguments(None, path, None, [], False, None, False, False)
    )
    with progress.solving(request.subdirs) as on_solved:
        new = relock(manifest, old, path, request, on_solved)
    return new, {s: lock.moved_on(manifest, old, new, request, s) for s in request.subdirs}


def _install(place: Place, manifest: Manifest, lock: Lock) -> None:
    from conda_strata.cli import console, installing
    from conda_strata.core.errors import WrongPlatformError
    from conda_strata.prefix import held
    from conda_strata.spec import platforms
    from conda_strata.spec.manifest import DEFAULT

    usual = os.environ.get("STRATA_ENV") or ("dev" if place.dev else DEFAULT)
    name = held.environment(place.prefix) or usual
    subdir = platforms.current()
    try:
        records = lock.records(name, subdir)
    except WrongPlatformError as error:
        console.say(f"nothing is installed: {error.what}")
        return
    wanted = installing.Wanted(
        name,
        subdir,
        records,
        lock.wheels_of(name, subdir),
        manifest.environment_variables(name),
        [spec.text for spec in manifest.specs(name, subdir)],
        {spec.text.lower() for spec in manifest.allowed_scripts(name, subdir)},
    )
    installing.install(place.prefix, wanted, sure=place.yes)
    if place.dev and name != "dev":
        console.say(
            f"{place.prefix} holds {name!r}, which has nothing of environment-dev.yml: "
            "'strata install --env dev' changes that"
        )
