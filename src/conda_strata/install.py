"""Packages onto the disk: the only module that calls rattler's installer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from rattler import InstallerReporter, RepoDataRecord, Subdir
from rattler import install as rattler_install
from rattler.exceptions import (
    ExtractError,
    InstallerError,
    IoError,
    LinkError,
    TransactionError,
)

from conda_strata import channels
from conda_strata.errors import NetworkError, StrataError


def install(
    records: Sequence[RepoDataRecord],
    prefix: Path,
    subdir: str,
    *,
    home: str | None = None,
    cache: Path | None = None,
    reporter: InstallerReporter | None = None,
) -> None:
    """Bring *prefix* to exactly *records*; what is there already is left alone.

    Parameters
    ----------
    records
        All packages that the prefix shall hold.
    prefix
        The folder to install into; made when absent.
    subdir
        The platform of the packages. It may be another than this machine's.
    home
        The path the prefix will have when it is used, where that is not *prefix*.
    cache
        Folder of downloaded packages; the user's by default.
    reporter
        Told of each download and link.

    Raises
    ------
    NetworkError
        When a package cannot be downloaded, or is not what the lock says (SHA-256).
    StrataError
        When the prefix cannot be written.
    """
    try:
        asyncio.run(
            rattler_install(
                list(records),
                prefix.absolute(),
                cache_dir=cache or channels.cache_dir() / "pkgs",
                platform=Subdir(subdir),
                client=channels.client(),
                config=channels.config(),
                reporter=reporter,
                show_progress=False,
                alternative_target_prefix=home,
            )
        )
    except (InstallerError, ExtractError, IoError, LinkError, TransactionError) as error:
        raise _failure(prefix, error) from error


def _failure(prefix: Path, error: Exception) -> StrataError:
    reason = str(error).strip()
    if "failed to fetch" in reason or "http" in reason or "hash mismatch" in reason:
        return NetworkError(
            f"a package cannot be downloaded: {reason}",
            "Check the network and the mirrors in rattler's configuration; then repeat. "
            "If the channel replaced the package, run 'strata lock'.",
        )
    return StrataError(f"{prefix} cannot be written: {reason}", "Mend the cause and repeat.")
