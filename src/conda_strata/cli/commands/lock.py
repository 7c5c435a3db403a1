"""``strata lock``."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from conda_strata.cli.commands import options

if TYPE_CHECKING:
    from conda_strata.lock.changes import Change
    from conda_strata.lock.model import Lock
    from conda_strata.solve.relock import Request
    from conda_strata.spec.manifest import Manifest

HELP = "solve all platforms and write strata.lock, moving only what must move"
EXAMPLE = "strata lock --update numpy"


@dataclass(frozen=True)
class Arguments:
    """What the command line says."""

    files: list[Path] | None
    lock: Path
    platforms: list[str] | None
    update: list[str]
    upgrade: bool
    exclude_newer: str | None
    dry_run: bool
    json: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    options.add_files(parser)
    options.add_lock(parser)
    parser.add_argument(
        "--platform",
        metavar="P",
        dest="platforms",
        action="append",
        help="solve only for this platform, leaving the others as they are; may be repeated "
        "(default: those of environment.yml)",
    )
    parser.add_argument(
        "--update",
        metavar="PKG",
        action="append",
        default=[],
        help="let this package move to its newest version; may be repeated",
    )
    parser.add_argument(
        "--upgrade", action="store_true", help="let every package move to its newest version"
    )
    parser.add_argument(
        "--exclude-newer",
        metavar="AGE",
        help="leave out packages younger than AGE ('7d', '2 weeks') or newer than a date "
        "(default: 'exclude-newer:' of environment.yml)",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="say what would change; write nothing"
    )
    options.add_json(parser)


def run(args: Arguments) -> int:
    """Solve, say what moved and why, and write the lock if anything did."""
    from conda_strata.rattler.file_locks import exclusive, guard_of

    with exclusive(guard_of(args.lock), str(args.lock)):
        return _lock(args)


def _lock(args: Arguments) -> int:
    from conda_strata.cli import console, progress
    from conda_strata.lock import lockfile
    from conda_strata.lock.model import same
    from conda_strata.solve.relock import relock
    from conda_strata.spec import manifest as manifests
    from conda_strata.spec import project

    manifest = manifests.load(args.files or manifests.find(project.folder()))
    request = request_of(manifest, args)
    old = lockfile.read(args.lock, to_write=True) if args.lock.exists() else None
    with progress.solving(request.subdirs) as on_solved:
        new = relock(manifest, old, args.lock, request, on_solved)
    changed = old is None or not same(old, new)
    if changed and not args.dry_run:
        lockfile.write(new)
    everything = new.everything()
    if manifest.pip:
        _warn_of_doubles(manifest, new, request)
    _name_scripts(manifest, new, request)
    moved = {subdir: moved_on(manifest, old, new, request, subdir) for subdir in request.subdirs}
    if args.json:
        report = {
            subdir: [change.as_dict() | {"why": why} for change, why in found]
            for subdir, found in moved.items()
        }
        console.result_json({"written": changed and not args.dry_run, "changes": report})
        return 0
    for subdir, found in moved.items():
        total = len(everything[subdir]) + len(new.all_wheels().get(subdir, ()))
        console.result(f"{subdir}: {total} packages, {len(found)} changed")
        if old and subdir in old.subdirs:
            console.result_lines(
                f"  {change}{f'  ({why})' if why else ''}" for change, why in found
            )
    if args.dry_run:
        console.say(f"dry run: {args.lock} is as it was")
    else:
        console.say(f"{args.lock} {'written' if changed else 'is up to date'}")
    return 0


def _warn_of_doubles(manifest: Manifest, new: Lock, request: Request) -> None:
    from conda_strata.cli import console
    from conda_strata.solve.pip import provided_by_conda

    everything = new.everything()
    found = (
        line for s in request.subdirs for line in provided_by_conda(manifest, s, everything[s])
    )
    for line in dict.fromkeys(found):
        console.say(f"warning: {line}")


def _name_scripts(manifest: Manifest, new: Lock, request: Request) -> None:
    from conda_strata.cli import link_scripts

    everything = new.everything()
    records = [record for s in request.subdirs for record in everything[s]]
    link_scripts.say_not_allowed(
        records, [spec for own in manifest.link_scripts.values() for spec in own]
    )


def request_of(manifest: Manifest, args: Arguments) -> Request:
    """Return what is to be solved, and what may move."""
    import datetime

    from conda_strata.solve.relock import Request
    from conda_strata.spec import cooldown, platforms

    cutoff = args.exclude_newer or manifest.exclude_newer
    return Request(
        [platforms.subdir(p) for p in args.platforms or manifest.platforms],
        None if args.upgrade else args.update,
        cooldown.newest(cutoff, datetime.datetime.now(datetime.UTC)) if cutoff else None,
        partial=bool(args.platforms),
    )


def moved_on(
    manifest: Manifest, old: Lock | None, new: Lock, request: Request, subdir: str
) -> list[tuple[Change, str]]:
    """Return what changed on a platform, and why."""
    from conda_strata.lock.change_reasons import reasons
    from conda_strata.lock.changes import changes, wheel_changes

    before = old.everything().get(subdir, []) if old else []
    wheels_before = old.all_wheels().get(subdir, []) if old else []
    after, wheels_after = new.everything()[subdir], new.all_wheels().get(subdir, [])
    found = changes(before, after)
    names = [change.name for change in found] if before else []
    why = reasons(names, before, after, manifest.all_specs(subdir), request.let_go)
    moved = [(change, why.get(change.name, "")) for change in found]
    return moved + [(change, "") for change in wheel_changes(wheels_before, wheels_after)]
