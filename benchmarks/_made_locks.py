"""Locks of any size that nobody solved, with dependencies, families and updates like real ones.

The proportions are those of PyPSA-Eur's lock for linux-64 of August 2026: five dependencies a package,
three quarters of the packages need Python, one in nine is asked for, one in six belongs to a family,
nearly half are noarch. An update changes one in eight. The same arguments give the same lock everywhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from rattler import BuildString, PackageRecord, RepoDataRecord

from conda_strata.lock import lockfile
from conda_strata.lock.model import Lock

CHANNEL = "https://conda.anaconda.org/conda-forge/"

_FIRST = datetime(2025, 1, 1, tzinfo=UTC)
_WEEK = timedelta(days=7)
_ASKED = 9
"""One package in so many is asked for."""
_KIN = 12
"""Two packages in so many are one family."""
_CHANGED = 8
"""One family in so many changes in an update."""
_NOARCH = 0.46
_PYTHON = 0.74


def project(
    folder: Path, count: int, subdirs: Sequence[str], updates: int = 0, *, together: bool = False
) -> Path:
    """Write an environment file of *count* packages on each platform and its lock; return the folder.

    Parameters
    ----------
    updates
        How often the lock has been updated.
    together
        Whether all packages have one version and were built at once, like those of one repository.
    """
    folder.mkdir(parents=True)
    asked = "".join(f"  - {_name(n)} >=1\n" for n in range(count) if _is_asked(n, count))
    (folder / "environment.yml").write_text(
        f"channels: [conda-forge]\nplatforms: [{', '.join(subdirs)}]\ndependencies:\n{asked}",
        "utf-8",
    )
    found = {
        subdir: sorted(
            _records(count, subdir, updates, together=together), key=lambda r: r.name.normalized
        )
        for subdir in subdirs
    }
    lockfile.write(Lock({"default": found}, (CHANNEL,), folder / lockfile.FILE_NAME))
    return folder


def _records(count: int, subdir: str, updates: int, *, together: bool) -> Iterator[RepoDataRecord]:
    for number, needed in enumerate(_depends(count)):
        lead = 0 if together else _lead(number)
        chance = Random(lead)  # noqa: S311
        version = [1, chance.randrange(20), 0]
        built = _FIRST + timedelta(minutes=chance.randrange(500_000))
        for update in range(1, updates + 1):
            if chance.randrange(_CHANGED) == 0:
                version[2], built = version[2] + 1, _FIRST + (52 + update) * _WEEK
        own = Random(~number)  # noqa: S311
        folder = "noarch" if own.random() < _NOARCH else subdir
        name, release = _name(number), ".".join(map(str, version))
        build = f"h{hashlib.sha256(f'{name} {release}'.encode()).hexdigest()[:7]}_0"
        file = f"{name}-{release}-{build}.conda"
        package = PackageRecord(
            name,
            release,
            BuildString(build),
            0,
            folder,
            depends=[f"{_name(n)} >=1" for n in needed],
            size=int(own.lognormvariate(11.8, 2.2)),
            sha256=hashlib.sha256(f"{folder}/{file}".encode()).digest(),
        )
        package.timestamp = built
        yield RepoDataRecord(package, file, f"{CHANNEL}{folder}/{file}", CHANNEL)


def _depends(count: int) -> list[list[int]]:
    """Return what each package depends on: earlier ones, the first the most often."""
    chance = Random(count)  # noqa: S311
    found: list[set[int]] = [set() for _ in range(count)]
    for number in range(1, count):
        if chance.random() < _PYTHON:
            found[number].add(0)
        found[number] |= {int(number * chance.random() ** 3) for _ in range(3)}
    # What nobody asks for is needed by something.
    for number in range(count - 1):
        if not _is_asked(number, count):
            found[chance.randrange(number + 1, count)].add(number)
    return [sorted(needed) for needed in found]


def _is_asked(number: int, count: int) -> bool:
    return number % _ASKED == 0 or number == count - 1


def _lead(number: int) -> int:
    """Return the first package of the family."""
    return number - 1 if number % _KIN == 1 else number


def _name(number: int) -> str:
    lead = _lead(number)
    return f"p{lead:05}" if number == lead else f"libp{lead:05}"
