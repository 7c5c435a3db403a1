"""Packages onto the disk: the only module that calls rattler's installer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
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

from conda_strata.prefix import conda_meta
from conda_strata.prefix.link_scripts import LinkScript
from conda_strata.prefix.readiness import is_there, ready
from conda_strata.rattler import channels
from conda_strata.rattler.errors import failed_install, retrying
from conda_strata.rattler.file_locks import exclusive
from conda_strata.rattler.stall import Watch, watched


def install(
    records: Sequence[RepoDataRecord],
    prefix: Path,
    subdir: str,
    *,
    home: str | None = None,
    cache: Path | None = None,
    reporter: InstallerReporter | None = None,
    relink: bool = False,
    only: Collection[str] | None = None,
    before_link: Callable[[], None] = lambda: None,
) -> list[LinkScript]:
    """Bring *prefix* to exactly *records*; what is there already is left alone.

    Return the post-link scripts of what was linked; none has run.

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
        Called with each download and link.
    relink
        Whether also packages that seem to be there already are linked again.
    only
        Names of the records to install; the others only tell what the prefix is made for.
    before_link
        Called when all packages are in the cache, before the prefix changes.

    Raises
    ------
    NetworkError
        When a package cannot be downloaded, or is not what the lock says (SHA-256).
    PackageError
        When a package holds what none may hold; then nothing of any was linked.
    StrataError
        When the prefix cannot be written.
    """
    packages = cache or channels.cache_dir() / "pkgs"
    names = {record.name.normalized for record in records}
    missing = [
        record
        for record in records
        if (only is None or record.name.normalized in only)
        and (relink or not is_there(prefix, record))
    ]

    async def attempt() -> None:
        watch = Watch(reporter)
        await watched(link, watch, channels.timeout())

    async def link(reporter: InstallerReporter) -> None:
        await rattler_install(
            list(records),
            prefix.absolute(),
            cache_dir=packages,
            platform=Subdir(subdir),
            client=channels.client(),
            config=channels.config(),
            reporter=reporter,
            show_progress=False,
            execute_link_scripts=False,  # else the user's own configuration decides
            alternative_target_prefix=home,
            reinstall_packages=names if relink else None,
            ignored_packages=names - set(only) if only is not None else None,
        )

    def run() -> None:
        try:
            asyncio.run(attempt())
        except (InstallerError, ExtractError, IoError, LinkError, TransactionError) as error:
            raise failed_install(error, [r.url for r in records], prefix, packages) from error

    # rattler holds the cache for itself during an installation, and says nothing while it waits
    with exclusive(packages / ".strata.lock", f"the package cache {packages}"):
        scripts = ready(missing, records, prefix, packages)
        before_link()
        conda_meta.name_linked_paths(prefix)
        retrying(run)
        if home is None:
            conda_meta.forget_hashes_of_links(prefix, missing)
        conda_meta.allow_reading(prefix, missing)
    return scripts
