"""What a person sees: results on stdout, everything else on stderr, progress on a terminal only."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from rattler import InstallerReporter

from conda_strata.errors import StrataError

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


def say(text: str) -> None:
    """Tell the user something: one line or more on stderr."""
    print(text, file=sys.stderr, flush=True)


def result(text: str) -> None:
    """Print what was asked for on stdout."""
    print(text, flush=True)


def result_json(value: object) -> None:
    """Print what was asked for as JSON on stdout."""
    print(json.dumps(value, indent=2), flush=True)


def is_live() -> bool:
    """Whether progress may be drawn: stderr is a terminal that can be redrawn."""
    return sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def _progress() -> Progress:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )


@contextmanager
def waiting(text: str) -> Iterator[None]:
    """Show that something goes on: a spinner on a terminal, a plain line elsewhere."""
    if not is_live():
        say(f"{text} …")
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(f"{text} …"):
        yield


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
    with _progress() as progress:
        yield cast("InstallerReporter", PackageProgress(progress))


def megabytes(count: int) -> str:
    """Return a number of bytes for people, in megabytes (10⁶ bytes)."""
    return f"{count / 1e6:,.1f} MB"


def fail(error: StrataError) -> None:
    """Say what went wrong and how to mend it."""
    say(f"error: {error.what}")
    if error.mend:
        say(f"  {error.mend}")
