"""Progress lines on stderr, so that stdout stays the result."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


def note(message: str) -> None:
    """Print one line about what is happening."""
    print(f"rig: {message}", file=sys.stderr, flush=True)


@contextmanager
def step(name: str) -> Iterator[None]:
    """Announce a slow step, and say in seconds how long it took once it succeeded."""
    note(f"{name} …")
    started = time.monotonic()
    yield
    note(f"{name} … {time.monotonic() - started:.0f} s")
