"""Packages from their channels: downloaded, verified and unpacked, before anything is linked."""

from __future__ import annotations

import asyncio
import itertools
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from rattler import RepoDataRecord
from rattler.networking import Client

from conda_strata.rattler import channels
from conda_strata.rattler.archive import download
from conda_strata.rattler.errors import TransientError, failed_download, pause_after
from conda_strata.rattler.extraction import extract
from conda_strata.rattler.unpackers import unpackers

Take = Callable[[RepoDataRecord, Path, int], None]
"""Called with a package, the folder it is unpacked in, and the size of its archive in bytes."""


def fetch(records: Sequence[RepoDataRecord], folder: Path, take: Take) -> None:
    """Download *records* and hand each to *take*, unpacked in a folder that it may move away.

    Parameters
    ----------
    records
        The packages, each with its SHA-256.
    folder
        Of packages; nobody else may fetch into it meanwhile.
    take
        Called once for each package, never twice at the same time.

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
        with _scratch(folder) as scratch, unpackers(records) as executor:
            asyncio.run(_fetch_all(records, scratch, executor, take))
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


async def _fetch_all(
    records: Sequence[RepoDataRecord], scratch: Path, executor: Executor, take: Take
) -> None:
    client = channels.client()
    slots = asyncio.Semaphore(channels.config().concurrency_downloads)

    async def fetch_one(record: RepoDataRecord, place: Path) -> None:
        async with slots:
            place.mkdir()
            archive = place / f"package{'.conda' if _is_conda(record) else '.tar.bz2'}"
            await _download(client, record, archive, scratch.parent)
            size = archive.stat().st_size
            unpacked = place / "unpacked"
            run = asyncio.get_running_loop().run_in_executor
            await run(executor, extract, archive, unpacked, record.file_name)
            archive.unlink()
            take(record, unpacked, size)

    tasks = [
        asyncio.ensure_future(fetch_one(record, scratch / str(number)))
        for number, record in enumerate(records)
    ]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _download(client: Client, record: RepoDataRecord, archive: Path, cache: Path) -> None:
    """Download *record*, again after an error that may pass."""
    for done in itertools.count(1):
        try:
            await download(client, record, archive, cache)
        except TransientError as error:
            await asyncio.sleep(pause_after(error, done))
        else:
            return


def _is_conda(record: RepoDataRecord) -> bool:
    return urlsplit(record.url).path.endswith(".conda")
