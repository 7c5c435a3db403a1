"""Packages made ready to be linked: in the cache, what they claim to be, and through the gate."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rattler import RepoDataRecord

from conda_strata.core.errors import PackageError
from conda_strata.lock.model import identity
from conda_strata.prefix.crossing import Vetted, require_apart
from conda_strata.prefix.package_gate import RULES, Facts, require_plain_record, vet
from conda_strata.prefix.wheels import site_packages
from conda_strata.rattler.downloads import fetch
from conda_strata.rattler.package_cache import PackageCache

_log = logging.getLogger(__name__)

_SHA256 = re.compile(rb'^  "sha256": "([0-9a-f]{64})"', re.MULTILINE)
"""Of the package, in its record: what is indented further is of its files."""


def is_there(prefix: Path, record: RepoDataRecord) -> bool:
    """Whether *prefix* holds this very package, so that rattler will leave it alone."""
    try:
        text = (prefix / "conda-meta" / f"{identity(record)}.json").read_bytes()
    except (OSError, ValueError):
        return False
    found = _SHA256.search(text)
    return found is not None and bool(record.sha256) and found[1].decode() == record.sha256.hex()


def ready(
    missing: Sequence[RepoDataRecord],
    records: Sequence[RepoDataRecord],
    prefix: Path,
    folder: Path,
) -> None:
    """Have packages in the cache and vetted, so that they can be linked.

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
        return
    cache = PackageCache(folder, RULES)
    vetted: dict[str, Vetted] = {}

    def passed(record: RepoDataRecord, facts: Facts) -> None:
        vetted[record.name.normalized] = Vetted(record, cache.place(record), facts)

    def take(record: RepoDataRecord, unpacked: Path, size: int) -> None:
        facts = vet(record, unpacked, size)
        cache.put(record, unpacked)
        cache.remember(record, facts.remembered())
        passed(record, facts)

    for record in missing:
        require_plain_record(record)
    absent = []
    for record in missing:
        if not cache.holds(record):
            absent.append(record)
        elif facts := Facts.recalled(cache.remembered(record)):
            passed(record, facts)
        else:
            with _dropped_if_refused(cache, record):
                facts = vet(record, cache.place(record), record.size)
            cache.remember(record, facts.remembered())
            passed(record, facts)
    if absent:
        fetch(absent, folder, take)
    has_python = any(record.name.normalized == "python" for record in records)
    require_apart(
        [vetted[record.name.normalized] for record in missing],
        prefix,
        site_packages(records) if has_python else "site-packages",
        {record.name.normalized for record in records},
    )
    for package in vetted.values():
        for script in package.facts.scripts:
            _log.warning(
                "%s: its post-link script is not run (%s); what it would set up is missing",
                identity(package.record),
                script,
            )


@contextmanager
def _dropped_if_refused(cache: PackageCache, record: RepoDataRecord) -> Iterator[None]:
    try:
        yield
    except PackageError:
        cache.drop(record)
        raise
