"""Packages from their channels: downloaded, verified and unpacked, before anything is linked."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from rattler import RepoDataRecord
from rattler.package_streaming import download_to_writer

from conda_strata.rattler import channels
from conda_strata.rattler.errors import (
    TransientError,
    damaged,
    failed_download,
    missing_file,
    other_content,
    pause_after,
    silent,
)
from conda_strata.rattler.extraction import extract

_WORTH_PROCESSES = 32 << 20
"""Bytes of archives from which on further processes unpack: rattler's ``extract`` lets no other
thread run, and a process takes a quarter of a second to start."""

_MOST_PROCESSES = 8

_STEP = 1 << 20

Take = Callable[[RepoDataRecord, Path, int], None]
"""Is given a package, the folder with what it holds, and the size of its archive."""


def fetch(records: Sequence[RepoDataRecord], folder: Path, take: Take) -> None:
    """Download *records* and hand each to *take*, unpacked in a folder that it may move away.

    Parameters
    ----------
    records
        The packages, each with its SHA-256.
    folder
        Of packages; nobody else may fetch into it meanwhile.
    take
        Is given them, one at a time.

    Raises
    ------
    NetworkError
        When a package cannot be downloaded, or is not what the lock says.
    PackageError
        When a package cannot be unpacked, or *take* refuses it.
    StrataError
        When *folder* cannot be written.
    """
    try:
        with _scratch(folder) as scratch, _workers(records) as workers:
            asyncio.run(_Fetching(folder, scratch, workers, take).all(records))
    except OSError as error:
        raise failed_download(error, str(folder), folder) from error


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """Yield a folder beside the packages; what a killed process left in it is removed."""
    scratch = folder / ".strata_scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def _workers(records: Sequence[RepoDataRecord]) -> Iterator[Executor]:
    count = min(os.cpu_count() or 1, len(records), _MOST_PROCESSES)
    is_small = count == 1 or sum(record.size or 0 for record in records) < _WORTH_PROCESSES
    with nullcontext() if is_small else _safe_path():
        workers: Executor = (
            ThreadPoolExecutor(1)
            if is_small
            else ProcessPoolExecutor(count, get_context("spawn"), _leave_interrupts)
        )
        try:
            yield workers
        finally:
            workers.shutdown(cancel_futures=True)


@contextmanager
def _safe_path() -> Iterator[None]:
    """Have Pythons that start meanwhile import nothing of the current folder.

    Their first imports would look there, and a project may hold a file such as ``pickle.py``.
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


def _leave_interrupts() -> None:
    """Let the command itself deal with Ctrl-C, which its terminal sends to all of its processes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class _Fetching:
    def __init__(self, folder: Path, scratch: Path, workers: Executor, take: Take) -> None:
        self._folder = folder
        self._scratch = scratch
        self._workers = workers
        self._take = take
        self._client = channels.client()
        self._at_once = asyncio.Semaphore(channels.config().concurrency_downloads)

    async def all(self, records: Sequence[RepoDataRecord]) -> None:
        tasks = [
            asyncio.ensure_future(self._one(record, self._scratch / str(number)))
            for number, record in enumerate(records)
        ]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _one(self, record: RepoDataRecord, place: Path) -> None:
        async with self._at_once:
            place.mkdir()
            archive = place / f"package{'.conda' if _is_conda(record) else '.tar.bz2'}"
            for done in itertools.count(1):
                try:
                    await self._download(record, archive)
                    break
                except TransientError as error:
                    await asyncio.sleep(pause_after(error, done))
            size = archive.stat().st_size
            unpacked = place / "unpacked"
            run = asyncio.get_running_loop().run_in_executor
            await run(self._workers, extract, archive, unpacked, record.file_name)
            archive.unlink()
            self._take(record, unpacked, size)

    async def _download(self, record: RepoDataRecord, archive: Path) -> None:
        try:
            with archive.open("wb") as file:
                received = _Received(file.write, record.size)
                if urlsplit(record.url).scheme == "file":
                    _copy(record.url, received)
                else:
                    await self._stream(record, received)
        except _TooLongError as error:
            raise other_content(record.url) from error
        except (OSError, RuntimeError) as error:
            raise failed_download(error, record.url, self._folder) from error
        if received.digest != record.sha256:
            short = record.size and received.size < record.size
            raise damaged(record.url) if short else other_content(record.url)

    async def _stream(self, record: RepoDataRecord, received: _Received) -> None:
        """Download *record*, and give it up when nothing comes for too long."""
        limit = channels.timeout()
        task = asyncio.ensure_future(download_to_writer(self._client, record.url, received))
        try:
            while not (await asyncio.wait([task], timeout=min(limit / 4, 1)))[0]:
                if time.monotonic() - received.last > limit:
                    raise silent(record.name.normalized, limit)
            await task
        finally:
            task.cancel()


def _copy(url: str, received: _Received) -> None:
    try:
        with Path(url2pathname(urlsplit(url).path)).open("rb") as file:
            while piece := file.read(_STEP):
                received.write(piece)
    except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
        raise missing_file(url, error.strerror or str(error)) from error


class _TooLongError(Exception):
    """More came than the lock says."""


class _Received:
    """Passes on what comes, and knows how much it was, when, and its SHA-256.

    Parameters
    ----------
    pass_on
        Is given each piece.
    expected
        How many bytes there will be, if that is known.
    """

    def __init__(self, pass_on: Callable[[bytes], object], expected: int | None) -> None:
        self._pass_on = pass_on
        self._expected = expected
        self._hash = hashlib.sha256()
        self.size = 0
        self.last = time.monotonic()

    @property
    def digest(self) -> bytes:
        """SHA-256 of what came."""
        return self._hash.digest()

    def write(self, piece: bytes) -> None:
        """Take a piece."""
        self.last = time.monotonic()
        self.size += len(piece)
        if self._expected and self.size > self._expected:
            raise _TooLongError
        self._hash.update(piece)
        self._pass_on(piece)


def _is_conda(record: RepoDataRecord) -> bool:
    return urlsplit(record.url).path.endswith(".conda")
