"""``python -m release``: prepare a release, build its files, print its notes, pin a commit."""

from __future__ import annotations

import argparse
import datetime
import sys
from collections.abc import Sequence
from pathlib import Path

from release import changelog, distributions, git, pins
from release.errors import RefusedError
from release.prepare import prepare

NEXT = """
{version} is prepared: see 'git log -p -2' and the files in dist/. Nothing is published yet. Then:

  git push origin v{version}   starts the workflow 'release': tests, checks, PyPI, GitHub
  git push origin main         when it is green: from now on, new projects use {version}

To undo it before the push: git tag --delete v{version}; git reset --hard origin/main
"""


def main(words: Sequence[str] | None = None) -> int:
    """Run one step and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m release", description=__doc__)
    steps = parser.add_subparsers(dest="step", required=True)
    one = steps.add_parser("prepare", help="changelog, pins, commit, tag; build and check")
    one.add_argument("version", help="such as 0.1.0")
    one = steps.add_parser("pin", help="let new projects use a commit, until the next release")
    one.add_argument("commit", nargs="?", default="HEAD", help="of main (default: HEAD)")
    one = steps.add_parser("build", help="build and check the sdist and the wheel into dist/")
    one.add_argument("--tag", help="which version they must be, such as v0.1.0")
    one = steps.add_parser("notes", help="print what the changelog says of a version")
    one.add_argument("tag", help="such as v0.1.0")
    args = parser.parse_args(words)
    here = Path.cwd()
    try:
        if args.step == "prepare":
            prepare(here, args.version, datetime.datetime.now(datetime.UTC).date())
            print(NEXT.format(version=args.version))
        elif args.step == "pin":
            commit = git.commit_of(here, args.commit)
            print("changed:", *(pins.name_the_commit(here, commit) or ["nothing"]))
        elif args.step == "build":
            tag = args.tag.removeprefix("v") if args.tag else None
            distributions.build(here, here / "dist", tag)
        else:
            text = (here / "CHANGELOG.md").read_text("utf-8")
            print(changelog.section(text, args.tag.removeprefix("v")))
    except RefusedError as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
