"""One package's archive: downloaded or copied, and compared with what the lock says."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from rattler import RepoDataRecord
from rattler.networking import Client
from rattler.package_streaming import download_to_writer

from conda_strata.rattler import channels
from conda_strata.rattler.errors import (
    damaged,
    failed_download,
    missing_file,
    other_content,
    silent,
)

_CHUNK = 1 << 20
"""Bytes copied at a time from a channel on disk."""


async def download(client: Client, record: RepoDataRecord, archive: Path, cache: Path) -> None:
    """Write the archive of *record* to *archive*, a file somewhere in *cache*.

    Raises
    ------
    TransientError
        When it may help to try again.
    NetworkError
        When it cannot be downloaded, or its size or SHA-256 is not the lock's.
    StrataError
        When *cache* cannot be written.
    """
    try:
        with archive.open("wb") as file:
            received = _Received(file.write, record.size)
            if urlsplit(record.url).scheme == "file":
                _copy(record.url, received)
            else:
                await _stream(client, record, received)
    except _TooLongError as error:
        raise other_content(record.url) from error
    except (OSError, RuntimeError) as error:
        raise failed_download(error, record.url, cache) from error
    if received.digest != record.sha256:
        is_short = record.size and received.size < record.size
        raise damaged(record.url) if is_short else other_content(record.url)


async def _stream(client: Client, record: RepoDataRecord, received: _Received) -> None:
    """Download *record*; give up when nothing arrives for too long."""
    limit = channels.timeout()
    task = asyncio.ensure_future(download_to_writer(client, record.url, received))
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
            while chunk := file.read(_CHUNK):
                received.write(chunk)
    except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
        raise missing_file(url, error.strerror or str(error)) from error


class _TooLongError(Exception):
    """More bytes arrived than the lock says."""


class _Received:
    """Passes bytes on; knows how many there were, when the last arrived, and their SHA-256.

    Parameters
    ----------
    pass_on
        Called with each chunk.
    expected
        How many bytes there will be, if the lock says so.
    """

    def __init__(self, pass_on: Callable[[bytes], object], expected: int | None) -> None:
        self._pass_on = pass_on
        self._expected = expected
        self._hash = hashlib.sha256()
        self.size = 0
        self.last = time.monotonic()

    @property
    def digest(self) -> bytes:
        """SHA-256 of the bytes so far."""
        return self._hash.digest()

    def write(self, chunk: bytes) -> None:
        """Take a chunk."""
        self.last = time.monotonic()
        self.size += len(chunk)
        if self._expected and self.size > self._expected:
            raise _TooLongError
        self._hash.update(chunk)
        self._pass_on(chunk)
