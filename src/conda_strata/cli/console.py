"""What a person sees: results on stdout, everything else on stderr, progress on a terminal only."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from conda_strata.core.errors import StrataError

if TYPE_CHECKING:
    from rattler import InstallerReporter
    from rich.console import Console
    from rich.progress import Progress, TaskID

_drawing: Console | None = None
"""What draws on the terminal at the moment, and so has to print whatever else goes there."""


def say(text: str) -> None:
    """Tell the user something: one line or more on stderr."""
    if _drawing is None:
        print(text, file=sys.stderr, flush=True)
    else:
        _drawing.print(text, markup=False, highlight=False, soft_wrap=True)


def result(text: str) -> None:
    """Print what was asked for on stdout."""
    print(text, flush=True)


def result_json(value: object) -> None:
    """Print what was asked for as JSON on stdout."""
    import json

    print(json.dumps(value, indent=2), flush=True)


_VERDICTS = {
    "ok": ("✓ ok", "green"),
    "warning": ("! warn", "yellow"),
    "problem": ("✗ fail", "bold red"),
}


def verdict(level: str, check: str, what: str, fix: str) -> None:
    """Print on stdout how a check went, in columns, with the fix below."""
    import textwrap

    from rich.console import Console
    from rich.text import Text

    label, style = _VERDICTS[level]
    terminal = Console(highlight=False)
    indent = " " * 22
    lines = textwrap.wrap(
        f"{label:<7} {check:<13} {what}",
        terminal.width,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    if fix:
        lines += textwrap.wrap(
            f"→ {fix}",
            terminal.width,
            initial_indent=indent,
            subsequent_indent=f"{indent}  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    text = Text("\n".join(lines))
    text.stylize(style, 0, len(label))
    terminal.print(text, soft_wrap=True)


def is_live() -> bool:
    """Whether progress may be drawn: stderr is a terminal that can be redrawn."""
    return sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"


@contextmanager
def _drawn_by(console: Console) -> Iterator[None]:
    global _drawing
    _drawing = console
    try:
        yield
    finally:
        _drawing = None


def _terminal() -> Console:
    from rich.console import Console

    return Console(stderr=True)


@contextmanager
def waiting(text: str) -> Iterator[None]:
    """Show that something goes on: a spinner on a terminal, a plain line elsewhere."""
    if not is_live():
        say(f"{text} …")
        yield
        return
    terminal = _terminal()
    with terminal.status(f"{text} …"), _drawn_by(terminal):
        yield


@contextmanager
def solving(subdirs: Sequence[str]) -> Iterator[Callable[[str, int], None]]:
    """Show how solves of several platforms go: a line for each.

    Yields
    ------
    Callable
        To be called with subdir and number of packages when a platform is done.
    """
    if not is_live():
        say(f"solving {', '.join(subdirs)} …")
        yield lambda subdir, count: say(f"{subdir}: {count} packages")
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn

    progress = Progress(
        SpinnerColumn(finished_text="[green]✓"),
        TextColumn("{task.description}"),
        TextColumn("{task.fields[state]}", justify="right"),
        TextColumn("[dim]{task.elapsed:.1f} s"),
        console=_terminal(),
        transient=True,
        redirect_stdout=False,
    )
    tasks = {subdir: progress.add_task(subdir, total=1, state="solving …") for subdir in subdirs}

    def on_solved(subdir: str, count: int) -> None:
        progress.update(tasks[subdir], completed=1, state=f"{count} packages")
        progress.stop_task(tasks[subdir])

    with progress, _drawn_by(progress.console):
        yield on_solved


class PackageProgress:
    """Counts packages as they are downloaded and linked."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._download: TaskID | None = None
        self._link: TaskID | None = None

    def on_transaction_start(self, total_operations: int) -> None:
        """Show both bars."""
        self._download = self._progress.add_task("packages in the cache", total=total_operations)
        self._link = self._progress.add_task("packages linked", total=total_operations)

    def on_populate_cache_complete(self, cache_entry: int) -> None:  # noqa: ARG002
        """Count a package that is ready to be linked."""
        if self._download is not None:
            self._progress.advance(self._download)

    def on_transaction_operation_complete(self, operation: int) -> None:  # noqa: ARG002
        """Count a package that is in place."""
        if self._link is not None:
            self._progress.advance(self._link)


class PackageLines:
    """Says in plain lines how many packages there are to fetch, and when all are linked."""

    def __init__(self) -> None:
        self._total = 0

    def on_transaction_start(self, total_operations: int) -> None:
        """Say what is about to happen."""
        self._total = total_operations
        say(f"installing {total_operations} packages …")

    def on_transaction_complete(self) -> None:
        """Say that it has."""
        say(f"installed {self._total} packages")


@contextmanager
def installing() -> Iterator[InstallerReporter]:
    """Show an installation: bars on a terminal, plain lines elsewhere."""
    if not is_live():
        yield cast("InstallerReporter", PackageLines())
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=_terminal(),
        transient=True,
        redirect_stdout=False,
    )
    with progress, _drawn_by(progress.console):
        yield cast("InstallerReporter", PackageProgress(progress))


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
