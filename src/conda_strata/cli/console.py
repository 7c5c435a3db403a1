"""What is printed: results on stdout, everything else on stderr, all of it made harmless."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from conda_strata.cli import escape
from conda_strata.core.errors import StrataError

if TYPE_CHECKING:
    from rich.console import Console

_drawing: Console | None = None
"""What draws on the terminal at the moment, and so has to print whatever else goes there."""


def say(text: str) -> None:
    """Tell the user something: one line or more on stderr."""
    text = escape.printed(text)
    if _drawing is None:
        print(text, file=sys.stderr, flush=True)
    else:
        _drawing.print(text, markup=False, highlight=False, soft_wrap=True)


def result(text: str) -> None:
    """Print what was asked for on stdout: one line or more."""
    print(escape.printed(text), flush=True)


def result_lines(lines: Iterable[str]) -> None:
    """Print each of *lines* on stdout, as one line whatever it holds."""
    result("\n".join(map(escape.line, lines)))


def result_json(value: object) -> None:
    """Print what was asked for as JSON on stdout."""
    import json

    print(escape.json_text(json.dumps(escape.in_json(value), indent=2)), flush=True)


def result_script(text: str) -> None:
    """Print a script of strata's own on stdout, to the letter."""
    print(text, flush=True)


@contextmanager
def drawn_by(terminal: Console) -> Iterator[None]:
    """Let *terminal* print what is said meanwhile, above what it draws."""
    global _drawing
    _drawing = terminal
    try:
        yield
    finally:
        _drawing = None


def without_secrets(text: str) -> str:
    """Return *text* with no password or token in its URLs: it may be pasted into an issue."""
    import re

    from conda_strata.core.urls import without_credentials

    return re.sub(r"\w+://[^\s'\"()<>\]]+", lambda url: without_credentials(url[0]), text)


def trace(error: BaseException) -> None:
    """Say where an error came from, with all that caused it."""
    import traceback

    say(without_secrets("".join(traceback.format_exception(error)).rstrip()))


def fail(error: StrataError) -> None:
    """Say what went wrong and how to fix it."""
    say(f"error: {error.what}")
    if error.fix:
        say(f"  {error.fix}")
