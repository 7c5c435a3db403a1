"""``strata adopt``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from conda_strata.cli.commands import options

if TYPE_CHECKING:
    from conda_strata.adopt.addition import Addition

HELP = "add what an existing repository lacks of the template; changes no file that is there"
EXAMPLE = "strata adopt --dry-run"

TEMPLATE = "gh:leej3/ds-cookiecutter"


@dataclass(frozen=True)
class Arguments:
    """What the command line says."""

    folder: Path
    answers: list[str]
    template: str
    checkout: str | None
    dry_run: bool
    json: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "folder",
        metavar="DIR",
        type=Path,
        nargs="?",
        default=Path(),
        help="the repository (default: this folder)",
    )
    parser.add_argument(
        "--answer",
        metavar="KEY=VALUE",
        dest="answers",
        action="append",
        default=[],
        help="answer to a question of the template, instead of what the repository says; may be "
        "repeated",
    )
    parser.add_argument(
        "--template",
        metavar="URL",
        default=TEMPLATE,
        help=f"git repository or folder of the template (default: {TEMPLATE})",
    )
    parser.add_argument(
        "--checkout", metavar="REF", help="the template's branch, tag or commit (default: newest)"
    )
    parser.add_argument("--dry-run", action="store_true", help="print only, and write nothing")
    options.add_json(parser)


def run(args: Arguments) -> int:
    """Add the files, and print what was added, left alone, and is to be merged."""
    import tempfile

    from conda_strata.adopt import addition, template
    from conda_strata.adopt.repository import Repository
    from conda_strata.cli import console
    from conda_strata.core.errors import UsageError

    if not args.folder.is_dir():
        raise UsageError(f"{args.folder}: no such folder", "Name the repository's folder.")
    if wrong := next((word for word in args.answers if "=" not in word), None):
        raise UsageError(f"--answer {wrong}: no '='", "Write --answer KEY=VALUE.")
    repository = Repository(args.folder)
    answers = template.answers(repository)
    answers |= dict(word.split("=", 1) for word in args.answers)
    with tempfile.TemporaryDirectory() as out:
        made = template.generate(args.template, args.checkout, answers, Path(out))
        done = addition.add(repository, made, dry_run=args.dry_run)
    if args.json:
        console.result_json(
            {"answers": answers, "added": done.added, "left": done.left, "merge": done.merge}
        )
        return 0
    console.result_lines([*_told(done, answers, dry_run=args.dry_run)])
    return 0


def _told(done: Addition, answers: Mapping[str, str], *, dry_run: bool) -> Iterator[str]:
    yield "answers to the template's questions:"
    yield from (f"  {key}: {value}" for key, value in answers.items())
    yield ""
    yield f"{'would be added' if dry_run else 'added'}:"
    yield from (f"  {name}" for name in done.added)
    yield ""
    yield "left alone:"
    yield from (f"  {name} ({reason})" for name, reason in done.left.items())
    if done.merge:
        yield ""
        yield "to merge by hand:"
        for sentence in done.merge:
            first, *lines = sentence.split("\n")
            yield from (f"  {first}", *(f"    {line}" for line in lines))
    yield ""
    if dry_run:
        yield "Nothing was written. Without --dry-run, the command adds these files."
    else:
        yield "Next: strata doctor names each next step; the first is 'strata lock'."
