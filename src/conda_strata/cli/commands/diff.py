"""``strata diff``."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from conda_strata.cli.commands import options

HELP = "say what changed between two locks: packages, where they come from, channels, indexes, platforms"
EXAMPLE = "strata diff origin/main:strata.lock strata.lock --format markdown"


@dataclass(frozen=True)
class Arguments:
    """What the command line says."""

    old: str
    new: str
    format: str
    json: bool
    environments: list[str]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "old",
        metavar="OLD",
        nargs="?",
        default="HEAD:./strata.lock",
        help="lock file (pixi.lock and conda-lock.yml too), or REV:PATH for one in git; /dev/null, an empty file or "
        "a path that REV does not have is a lock without packages (default: strata.lock of HEAD)",
    )
    parser.add_argument(
        "new",
        metavar="NEW",
        nargs="?",
        default="strata.lock",
        help="likewise (default: strata.lock)",
    )
    options.add_format(
        parser,
        "pull requests and stays below GitHub's limit of 65,536 characters",
        '{"same", "warnings": [{"kind", "name", "before", "after", "manager", "platform", '
        '"environment"}], "channels", "indexes", "sources", "environments", "platforms", '
        '"virtual_packages", "changes": '
        '{PLATFORM: {ENVIRONMENT: [{"kind", "name", "before", "after", "manager"}]}}}',
    )
    parser.add_argument(
        "--env",
        metavar="NAME",
        dest="environments",
        action="append",
        default=[],
        help="look at this environment only; may be repeated (default: all)",
    )


def run(args: Arguments) -> int:
    """Print what differs; exit code 1 when anything does."""
    from conda_strata.cli import console
    from conda_strata.lock import gate, revision
    from conda_strata.report.diff import markdown, text
    from conda_strata.report.diff.comparison import compare

    old, new = revision.read(args.old), revision.read(args.new)
    for name, lock in ((args.old, old), (args.new, new)):
        if not lock.environments:
            console.say(f"there is no lock in {name}: compared with nothing")
        for environment in args.environments or lock.environments:
            for notice in gate.notices(lock, environment, lock.subdirs):
                console.say(notice)
    found = compare(old, new, args.environments)
    if args.json:
        console.result_json(found.as_dict())
    elif args.format == "markdown":
        console.result(markdown.render(found).rstrip("\n"))
    else:
        console.result_lines(text.render(found))
    return 0 if found.is_empty else 1
