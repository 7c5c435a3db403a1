"""Processes that unpack packages side by side.

rattler's ``package_streaming.extract`` holds Python's global lock, so threads would unpack one package
after the other.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context

from rattler import RepoDataRecord

_WORTH_PROCESSES = 32 << 20
"""Bytes of archives above which processes pay off: each takes a quarter of a second to start."""

_MOST_PROCESSES = 8


@contextmanager
def unpackers(records: Sequence[RepoDataRecord]) -> Iterator[Executor]:
    """Yield what unpacks *records*: processes when there is much to do, else one thread."""
    count = min(os.cpu_count() or 1, len(records), _MOST_PROCESSES)
    is_much = sum(record.size or 0 for record in records) >= _WORTH_PROCESSES
    with _safe_path():
        processes = _processes(count) if count > 1 and is_much else None
        with _closed(processes or ThreadPoolExecutor(1)) as executor:
            yield executor


def _processes(count: int) -> Executor | None:
    """Return processes; None where there are none, as their semaphores need ``/dev/shm``."""
    try:
        return ProcessPoolExecutor(count, get_context("spawn"), _ignore_interrupts)
    except (OSError, ImportError, NotImplementedError):
        return None


@contextmanager
def _closed(executor: Executor) -> Iterator[Executor]:
    try:
        yield executor
    finally:
        executor.shutdown(cancel_futures=True)


@contextmanager
def _safe_path() -> Iterator[None]:
    """Have Pythons that start meanwhile import nothing from the current folder.

    Their first imports would look there, and a project may hold a file such as ``pickle.py``. The
    first that starts is Python's own, which watches semaphores.
    """
    name = "PYTHONSAFEPATH"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _ignore_interrupts() -> None:
    """Leave Ctrl-C, which a terminal sends to all processes of a command, to the command itself."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
