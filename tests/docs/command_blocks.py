"""The commands that a page tells people to type."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

_PROMPT, _MORE = "$ ", "> "


@dataclass(frozen=True)
class Command:
    """A command of a page, and where it stands."""

    text: str
    line: int


def commands(page: Path) -> Iterator[Command]:
    """Yield the commands of a page's ``console`` blocks, in order.

    A line that ends with a backslash goes on in the next one, as does one that the shell would
    answer with ``> ``. Lines without a prompt are what a command prints.
    """
    for block in MarkdownIt().parse(page.read_text("utf-8")):
        if block.type != "fence" or block.info.split()[:1] != ["console"]:
            continue
        assert block.map
        lines = enumerate(block.content.splitlines(), start=block.map[0] + 2)
        text, start = "", 0
        for number, line in lines:
            goes_on = text.endswith(("\\", "|")) or line.startswith(_MORE)
            if text and goes_on:
                text += "\n" + line.removeprefix(_MORE)
                continue
            if text:
                yield Command(text, start)
            text, start = (line.removeprefix(_PROMPT), number) if line[:2] == _PROMPT else ("", 0)
        if text:
            yield Command(text, start)


def words(command: Command) -> set[str]:
    """Return the programs that a command starts with or pipes to."""
    return {part.split()[0] for part in re.split(r"&&|\|", command.text) if part.split()}
