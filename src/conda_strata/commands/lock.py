"""``strata lock``."""

from __future__ import annotations

import argparse
from pathlib import Path

from conda_strata.commands import options

HELP = "solve all platforms and write conda.lock, moving only what must move"
EXAMPLE = "strata lock --update numpy"


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
        "--dry-run", action="store_true", help="say what would change; write nothing"
    )
    options.add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Solve, say what moved, and write the lock if anything did."""
    from conda_strata import console, lockfile, platforms
    from conda_strata import lock as locks
    from conda_strata import manifest as manifests
    from conda_strata.changes import changes
    from conda_strata.solve import solve

    manifest = manifests.load(args.files or manifests.find(Path()))
    subdirs = [platforms.subdir(p) for p in args.platforms or manifest.platforms]
    old = lockfile.read(args.lock) if args.lock.exists() else None
    before = old.everything() if old else {}
    kept = {} if args.upgrade else locks.without(before, args.update)
    with console.waiting(f"solving {', '.join(subdirs)}"):
        solved = solve(manifest, subdirs, kept)
    if args.platforms:
        solved = before | solved
    new = locks.divide(manifest, solved, args.lock)
    moved = {subdir: changes(before.get(subdir, ()), solved[subdir]) for subdir in subdirs}
    changed = old is None or not locks.same(old, new)
    if changed and not args.dry_run:
        lockfile.write(new)
    if args.json:
        report = {subdir: [c.as_dict() for c in found] for subdir, found in moved.items()}
        console.result_json({"written": changed and not args.dry_run, "changes": report})
        return 0
    for subdir in subdirs:
        console.result(f"{subdir}: {len(solved[subdir])} packages, {len(moved[subdir])} changed")
        if subdir in before:
            for change in moved[subdir]:
                console.result(f"  {change}")
    if args.dry_run:
        console.say(f"dry run: {args.lock} is as it was")
    else:
        console.say(f"{args.lock} {'written' if changed else 'is up to date'}")
    return 0
