"""Packages made ready to be linked: in the cache, what they claim to be, and through the gate."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rattler import RepoDataRecord

from conda_strata.core.errors import PackageError
from conda_strata.lock.model import identity
from conda_strata.prefix.link_scripts import LinkScript
from conda_strata.prefix.package_facts import RULES, Facts
from conda_strata.prefix.package_gate import require_plain_record, vet
from conda_strata.prefix.symlink_escapes import require_inside
from conda_strata.prefix.unpacked_package import UnpackedPackage
from conda_strata.prefix.wheels import site_packages
from conda_strata.rattler.downloads import fetch
from conda_strata.rattler.package_cache import PackageCache

_SHA256 = re.compile(rb'^  "sha256": "([0-9a-f]{64})"', re.MULTILINE)
"""Of the package, in its record: what is indented further is of its files."""


def is_there(prefix: Path, record: RepoDataRecord) -> bool:
    """Whether *prefix* holds this very package, so that rattler will leave it alone."""
    file = prefix / "conda-meta" / f"{identity(record)}.json"
    try:
        text = file.read_bytes() if file.is_file() else b""
    except (OSError, ValueError):
        return False
    found = _SHA256.search(text)
    return bool(found and record.sha256 and found[1].decode() == record.sha256.hex())


def ready(
    missing: Sequence[RepoDataRecord],
    records: Sequence[RepoDataRecord],
    prefix: Path,
    folder: Path,
) -> list[LinkScript]:
    """Have packages in the cache and vetted, so that they can be linked; return their scripts.

    Parameters
    ----------
    missing
        Those that are about to be linked.
    records
        All that the prefix shall hold.
    prefix
        Where to.
    folder
        Where packages are kept unpacked; this process alone may change it.

    Raises
    ------
    NetworkError
        When one cannot be downloaded, or is not what the lock says (SHA-256).
    PackageError
        When one holds what no package may hold. It is not kept.
    StrataError
        When the cache cannot be written.
    """
    if not missing:
        return []
    for record in missing:
        require_plain_record(record)
    packages = _vetted(missing, PackageCache(folder, RULES))
    has_python = any(record.name.normalized == "python" for record in records)
    require_inside(
        packages,
        prefix,
        site_packages(records) if has_python else "site-packages",
        {record.name.normalized for record in records},
    )
    return [
        LinkScript(package.record, path) for package in packages for path in package.facts.scripts
    ]


def _vetted(missing: Sequence[RepoDataRecord], cache: PackageCache) -> list[UnpackedPackage]:
    passed: list[UnpackedPackage] = []

    def take(record: RepoDataRecord, unpacked: Path, size: int | None) -> None:
        facts = vet(record, unpacked, size)
        if unpacked != cache.place(record):
            cache.put(record, unpacked)
        cache.remember(record, facts.remembered())
        passed.append(UnpackedPackage(record, cache.place(record), facts))

    absent = []
    for record in missing:
        if not cache.holds(record):
            absent.append(record)
        elif facts := Facts.recalled(cache.remembered(record)):
            passed.append(UnpackedPackage(record, cache.place(record), facts))
        else:
            with _dropped_if_refused(cache, record):
                take(record, cache.place(record), record.size)
    if absent:
        fetch(absent, cache.folder, take)
    return passed


@contextmanager
def _dropped_if_refused(cache: PackageCache, record: RepoDataRecord) -> Iterator[None]:
    try:
        yield
    except PackageError:
        cache.drop(record)
        raise
