"""An eye on downloads: rattler itself would wait for a silent server for ever."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import cast

from rattler import InstallerReporter

from conda_strata.core.log import logger
from conda_strata.rattler.errors import silent

_log = logger(__name__)


class Watch:
    """Passes a reporter's events on, and knows how long the downloads have stood still.

    Parameters
    ----------
    inner
        The reporter that all events are passed on to.
    """

    def __init__(self, inner: InstallerReporter | None) -> None:
        self._inner = inner
        self._names: dict[int, str] = {}
        self._tries: dict[int, int] = {}
        self._running: set[int] = set()
        self._last = time.monotonic()

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    def _tell(self, event: str, *details: object) -> None:
        self._last = time.monotonic()
        if hasattr(self._inner, event):
            getattr(self._inner, event)(*details)

    def on_populate_cache_start(self, operation: int, package_name: str) -> int:
        """Remember which package an operation is about; it is its own token."""
        self._names[operation] = package_name
        self._tell("on_populate_cache_start", operation, package_name)
        return operation

    def on_download_start(self, cache_entry: int) -> int:
        """Note that a download runs; a second time is rattler's own further try."""
        tries = self._tries[cache_entry] = self._tries.get(cache_entry, 0) + 1
        if tries > 1:
            name = self._names.get(cache_entry, "a package")
            _log.info("%s: the download failed, trying again (%d of 2)", name, tries - 1)
        self._running.add(cache_entry)
        self._tell("on_download_start", cache_entry)
        return cache_entry

    def on_download_progress(self, download_idx: int, progress: int, total: int | None) -> None:
        """Note that bytes came."""
        self._tell("on_download_progress", download_idx, progress, total)

    def on_download_completed(self, download_idx: int) -> None:
        """Note that a download is over."""
        self._running.discard(download_idx)
        self._tell("on_download_completed", download_idx)

    def standstill(self) -> float:
        """Return for how many seconds none of the running downloads has moved."""
        return time.monotonic() - self._last if self._running else 0.0

    def names(self) -> str:
        """Return the packages whose downloads run."""
        return ", ".join(sorted(self._names.get(entry, "?") for entry in self._running))


async def watched(
    start: Callable[[InstallerReporter], Coroutine[None, None, None]], watch: Watch, limit: float
) -> None:
    """Run an installation, and give it up when its downloads stand still.

    Parameters
    ----------
    start
        Begins the installation, which reports to what it is given.
    watch
        What is given.
    limit
        Seconds of standstill that are borne.

    Raises
    ------
    TransientError
        When they are over.
    """
    task = asyncio.ensure_future(start(cast("InstallerReporter", watch)))
    try:
        while not (await asyncio.wait([task], timeout=min(limit / 4, 1)))[0]:
            if watch.standstill() > limit:
                raise silent(watch.names(), limit)
        await task
    finally:
        task.cancel()
