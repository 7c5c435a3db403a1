"""What goes on, on stderr: drawn on a terminal, in plain lines elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from conda_strata.cli import console, escape

if TYPE_CHECKING:
    from rattler import InstallerReporter
    from rich.console import Console
    from rich.progress import Progress, TaskID


def is_live() -> bool:
    """Whether progress may be drawn: stderr is a terminal that can be redrawn."""
    return sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def _terminal() -> Console:
    from rich.console import Console

    return Console(stderr=True)


@contextmanager
def waiting(text: str) -> Iterator[None]:
    """Show that something goes on: a spinner on a terminal, a plain line elsewhere."""
    if not is_live():
        console.say(f"{text} …")
        yield
        return
    from rich.text import Text

    terminal = _terminal()
    with terminal.status(Text(escape.line(f"{text} …"))), console.drawn_by(terminal):
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
        console.say(f"solving {', '.join(subdirs)} …")
        yield lambda subdir, count: console.say(f"{subdir}: {count} packages")
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn

    progress = Progress(
        SpinnerColumn(finished_text="[green]✓"),
        TextColumn("{task.description}", markup=False),
        TextColumn("{task.fields[state]}", justify="right", markup=False),
        TextColumn("[dim]{task.elapsed:.1f} s"),
        console=_terminal(),
        transient=True,
        redirect_stdout=False,
    )
    tasks = {subdir: progress.add_task(subdir, total=1, state="solving …") for subdir in subdirs}

    def on_solved(subdir: str, count: int) -> None:
        progress.update(tasks[subdir], completed=1, state=f"{count} packages")
        progress.stop_task(tasks[subdir])

    with progress, console.drawn_by(progress.console):
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


@contextmanager
def installing() -> Iterator[InstallerReporter | None]:
    """Show an installation: bars on a terminal, nothing elsewhere."""
    if not is_live():
        yield None
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
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=_terminal(),
        transient=True,
        redirect_stdout=False,
    )
    with progress, console.drawn_by(progress.console):
        yield cast("InstallerReporter", PackageProgress(progress))
