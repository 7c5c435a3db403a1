r"""Text from outside, made harmless: it steers neither a terminal nor GitHub's runner.

Locks, specs, packages and servers are written by others. What a terminal would obey or hide is
shown as Python writes it in a string (``\x1b``, ``\u202e``). What the runner of GitHub Actions
takes for a command loses its first character to such an escape, too.
"""

from __future__ import annotations

import os
import re

# Patterns are text here: most of what is printed is ASCII, and needs none of them compiled.
_INVISIBLE = "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e0fff]"
"""Characters that Python calls printable though nothing is to be seen (Unicode's
``Default_Ignorable_Code_Point``, and the empty Braille pattern)."""

_SURROGATE = "[\ud800-\udfff]"

# https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs: the new form
# stands at the start of a line, the old one anywhere in it.
_COMMAND = r"(?m)^[^\S\n]*:(?=:)|#(?=#\[)"


def printed(text: str) -> str:
    """Return lines of *text* as they may be printed here."""
    return _without_commands("\n".join(map(_visible, text.split("\n"))))


def line(text: str) -> str:
    """Return *text* as one line, whatever it holds."""
    return _visible(text).replace("\t", "\\t")


def document(text: str) -> str:
    """Return lines of *text* as they may stand in a file, which no runner reads."""
    return "\n".join(map(_visible, text.split("\n")))


def in_json(value: object) -> object:
    """Return *value* with half characters written out: not every reader of JSON knows them."""
    if isinstance(value, str):
        return re.sub(_SURROGATE, lambda half: _escape(half[0]), value)
    if isinstance(value, dict):
        return {in_json(name): in_json(inner) for name, inner in value.items()}
    return [in_json(inner) for inner in value] if isinstance(value, list | tuple) else value


def json_text(text: str) -> str:
    """Return JSON of ASCII characters as it may be printed here: still the same JSON."""
    text = text.replace("\x7f", "\\u007f")
    return text.replace("##[", "\\u0023#[") if _in_actions() else text


def _without_commands(text: str) -> str:
    if not _in_actions():
        return text
    return re.sub(_COMMAND, _defused, text)


def _defused(start: re.Match[str]) -> str:
    blank, first = start[0][:-1], start[0][-1]
    return f"{blank}\\x{ord(first):02x}"


def _in_actions() -> bool:
    return bool(os.environ.get("GITHUB_ACTIONS"))


def _visible(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_shown, text))


def _shown(character: str) -> str:
    is_plain = character.isprintable() and not re.match(_INVISIBLE, character)
    return character if is_plain or character == "\t" else _escape(character)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
