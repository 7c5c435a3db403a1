"""One at a time: commands that would change the same thing wait for each other."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from conda_strata.core.errors import StrataError
from conda_strata.core.log import logger
from conda_strata.rattler.channels import cache_dir

_log = logger(__name__)


@contextmanager
def exclusive(guard: Path, subject: str) -> Iterator[None]:
    """Hold *guard*, a file, waiting for whoever else does; it is free again when they end.

    Parameters
    ----------
    guard
        The file that stands for the subject; made when absent.
    subject
        What it guards, for people.

    Raises
    ------
    StrataError
        When the file cannot be made.
    """
    lock = FileLock(guard, mode=0o666)
    try:
        guard.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            _log.info("another strata is working on %s: waiting …", subject)
            lock.acquire()
    except OSError as error:
        raise StrataError(
            f"{guard} cannot be written: {error.strerror}",
            f"Make its folder writable (or name another{_by(guard)}), then repeat.",
        ) from error
    try:
        yield
    finally:
        lock.release()


def _by(guard: Path) -> str:
    return " with RATTLER_CACHE_DIR" if guard.is_relative_to(cache_dir()) else ""


def guard_of(file: Path) -> Path:
    """Return the guard of a file of a project: kept in the user's cache, where git sees none."""
    key = hashlib.sha256(str(file.resolve()).encode()).hexdigest()
    return cache_dir() / "strata-guards" / f"{key[:32]}.lock"
