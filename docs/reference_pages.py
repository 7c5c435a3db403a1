"""The reference pages of the commands, from what the command line's parser says.

``python -m docs.reference_pages`` (``nox -s docs``) writes them. What stands between the markers
``<!-- notes -->`` and ``<!-- end of notes -->`` is written by hand and kept.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path

from conda_strata.cli import main as cli
from conda_strata.core import errors

FOLDER = Path(__file__).parent / "reference"
START, END = "<!-- notes -->", "<!-- end of notes -->"
_MADE = (
    "<!-- Made by 'nox -s docs' from the command's options; write between the notes' markers. -->"
)


def pages() -> dict[Path, str]:
    """Return each page's file and what it should hold."""
    index = FOLDER / "index.md"
    found = {index: _index(notes(index))}
    for name, command in cli.commands().items():
        file = page_of(name)
        found[file] = _page(name, command, notes(file))
    return found


def page_of(name: str) -> Path:
    """Return the file of a command's page."""
    return FOLDER / f"strata-{name.replace(' ', '-')}.md"


def main() -> int:
    """Write the pages that differ; no other file is touched."""
    wanted = pages()
    FOLDER.mkdir(exist_ok=True)
    for file in set(FOLDER.glob("strata-*.md")) - wanted.keys():
        print(f"{file.name} describes no command any more: remove it if nobody needs its notes")
    for file, text in wanted.items():
        if not file.exists() or file.read_text("utf-8") != text:
            print(f"wrote {file.name}")
            file.write_text(text, "utf-8")
    return 0


def _page(name: str, command: cli.Command, by_hand: str) -> str:
    parser = argparse.ArgumentParser(prog=f"strata {name}", add_help=False)
    command.add_arguments(parser)
    cli.add_verbose(parser)
    actions = parser._actions
    words = " ".join([f"strata {name}", *map(_synopsis, actions)])
    parts = [
        _MADE,
        f"# strata {name}",
        f"{command.HELP[0].upper()}{command.HELP[1:]}.",
        f"```text\n{_wrapped(words)}\n```",
    ]
    if rows := [f"| {_label(action)} | {_cell(action)} |" for action in actions]:
        parts += ["## Options", "\n".join(["| option | meaning |", "| --- | --- |", *rows])]
    parts += ["## Example", f"```console\n$ {command.EXAMPLE}\n```"]
    if parser.epilog:
        parts.append(f"```text\n{parser.epilog.strip()}\n```")
    codes = " · ".join(f"{code} {meaning}" for code, meaning in _exit_codes())
    parts += [
        "## Exit codes",
        f"{codes}. [What they mean](index.md#exit-codes)",
        f"{START}\n{by_hand}{END}",
        "[All commands](index.md)",
    ]
    return "\n\n".join(parts) + "\n"


def _index(by_hand: str) -> str:
    commands = [
        f"| [`strata {name}`]({page_of(name).name}) | {escaped(command.HELP)} |"
        for name, command in cli.commands().items()
    ]
    meanings = _meanings()
    codes = [f"| {code} | {short} | {meanings.get(code, '')} |" for code, short in _exit_codes()]
    return "\n".join(
        [
            _MADE,
            "",
            "# Reference",
            "",
            "Results go to standard output (with `--json`, as pure JSON), everything else to",
            "standard error. `NO_COLOR` is honoured.",
            "",
            "| command | does |",
            "| --- | --- |",
            *commands,
            "",
            "## Exit codes",
            "",
            "| code | short | when |",
            "| ---: | --- | --- |",
            *codes,
            "",
            f"{START}\n{by_hand}{END}",
            "",
        ]
    )


def _exit_codes() -> Iterator[tuple[int, str]]:
    """Yield the codes and their names, as ``strata --help`` lists them."""
    for part in str(cli.parser().epilog).removeprefix("exit codes: ").split(", "):
        code, _, meaning = part.partition(" ")
        yield int(code), meaning


def _meanings() -> dict[int, str]:
    """Return code to what the errors that have it say about themselves."""
    found: dict[int, list[str]] = {}
    for kind in vars(errors).values():
        if isinstance(kind, type) and issubclass(kind, errors.StrataError):
            found.setdefault(kind.exit_code, []).append(cleandoc(kind.__doc__ or "").split("\n")[0])
    return {code: " ".join(texts) for code, texts in found.items()}


def notes(file: Path) -> str:
    """Return what was written by hand between the markers of a page."""
    if not file.exists():
        return ""
    found = re.search(f"{START}\n(.*?){END}", file.read_text("utf-8"), re.DOTALL)
    return found[1] if found else ""


def _synopsis(action: argparse.Action) -> str:
    if not action.option_strings:
        word = f"{_metavar(action)}{'…' if action.nargs in ('+', '*') else ''}"
        return word if action.required else f"[{word}]"
    value = f" {_metavar(action)}" if action.nargs != 0 else ""
    text = f"{action.option_strings[0]}{value}"
    more = "…" if isinstance(action, argparse._AppendAction) else ""
    return f"{text}{more}" if action.required else f"[{text}]{more}"


def _label(action: argparse.Action) -> str:
    if not action.option_strings:
        return f"`{_metavar(action)}`"
    names = ", ".join(f"`{name}`" for name in action.option_strings)
    return f"{names} `{_metavar(action)}`" if action.nargs != 0 else names


def _metavar(action: argparse.Action) -> str:
    if isinstance(action.metavar, str):
        return action.metavar
    return "|".join(map(str, action.choices)) if action.choices else action.dest.upper()


def _cell(action: argparse.Action) -> str:
    needed = " **Required.**" if action.required and action.option_strings else ""
    return escaped((action.help or "").replace("%%", "%")) + needed


def escaped(text: str) -> str:
    """Return *text* for the cell of a table."""
    return text.replace("|", "\\|").replace("<", "&lt;")


def _wrapped(synopsis: str) -> str:
    """Break the synopsis between options, at 80 columns."""
    name, *options = re.findall(r"^strata [a-z ]+(?= |$)|\[[^]]*\]…?|\S+(?: [A-Z]\S*)?", synopsis)
    lines = [name]
    for option in options:
        if len(lines[-1]) + len(option) > 78:
            lines.append(" " * len(name))
        lines[-1] += f" {option}"
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
