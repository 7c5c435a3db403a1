"""The lock file on the disk: rattler's lock format, which pixi reads too.

Version 7 is written; versions 6 and 7 are read, and so is a ``conda-lock.yml``. Each environment lists all its packages, so that
``dev`` repeats those of ``default`` by reference.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from rattler import LockChannel, LockFile, LockPlatform, PypiLockedPackage
from rattler.exceptions import ParseCondaLockError

from conda_strata.core import atomic
from conda_strata.core.errors import LockError, OutOfDateLockError, StrataError
from conda_strata.lock import completion, foreign, foreign_platforms
from conda_strata.lock.model import Lock, Solution, Wheels
from conda_strata.pypi.wheel import Wheel
from conda_strata.spec.manifest import DEFAULT

FILE_NAME = "strata.lock"

_HEADER = """\
# Written by 'strata lock'; do not edit. 'strata install' installs it. pixi reads it, conda does not:
# for conda and mamba, 'strata export --format explicit' writes a file for 'conda create --file'.
"""
"""For a person: conda takes this file without a word and makes an empty environment of it."""

MOST_BYTES = 128 << 20
_MOST_LEVELS = 200
_BRACKETS = rb"""[][{}]| \#[^\n]*|'[^'\n]*'|"(?:[^"\\\n]|\\.)*\""""

_SOURCE = rb"conda:(?![^\n]*\.(?:conda|tar\.bz2))"
"""Where a package to be built from source may begin in version 6 of the format. To look at all
packages would take a fifth of the time of reading."""
_SAYS_SOURCE = rb"(?:#[^\n]*\n)*version: 7\n"
"""How a file begins that calls these packages ``conda_source``."""


def read(path: Path, *, to_write: bool = False) -> Lock:
    """Read a lock file.

    Parameters
    ----------
    to_write
        Whether the file will be written again: not one in a format that is only read.

    Raises
    ------
    OutOfDateLockError
        When there is none.
    LockError
        When it is no lock file.
    """
    if not path.exists():
        raise OutOfDateLockError(f"{path} is missing", "Run 'strata lock' to make it.")
    data = _readable(path)
    # rattler reads these too, but neither their categories nor all that conda-lock writes.
    if text := foreign.conda_lock_text(path):
        if to_write:
            raise foreign.explain(path)
        from conda_strata.lock import conda_lock_file

        return conda_lock_file.parse(path, text)
    try:
        file = LockFile.from_path(path)
    except (ParseCondaLockError, OSError) as error:
        raise foreign.explain(path, error) from error
    environments: dict[str, Solution] = {}
    wheels: dict[str, Wheels] = {}
    channels: list[str] = []
    for name, environment in sorted(file.environments(), key=lambda item: item[0] != DEFAULT):
        channels += [c for c in map(str, environment.channels()) if c not in channels]
        platforms = foreign_platforms.chosen(name, environment.platforms())
        environments[name] = {
            subdir: sorted(
                environment.conda_repodata_records_for_platform(platform) or [],
                key=lambda record: record.name.normalized,
            )
            for subdir, platform in platforms.items()
        }
        wheels[name] = {
            subdir: _wheels(environment.pypi_packages_for_platform(platform) or [])
            for subdir, platform in platforms.items()
        }
    may_have_sources = b"conda_source" in data or (
        not re.match(_SAYS_SOURCE, data) and re.search(_SOURCE, data)
    )
    sources = foreign_platforms.sources(file, path) if may_have_sources else {}
    assumed = {
        subdir: tuple(platform.virtual_packages)
        for subdir, platform in foreign_platforms.chosen("", file.platforms()).items()
    }
    indexes = (
        completion.indexes(path.read_text("utf-8", errors="replace"))
        if any(found for solution in wheels.values() for found in solution.values())
        else ()
    )
    return Lock(environments, tuple(channels), path, wheels, assumed, sources, indexes)


def write(lock: Lock) -> None:
    """Write the lock to its path: all of it or, on any failure, nothing.

    Two at once are kept apart by :mod:`conda_strata.rattler.file_locks`.

    Raises
    ------
    StrataError
        When the file cannot be written.
    """
    handles = {
        subdir: LockPlatform(subdir, virtual_packages=list(lock.virtual_packages.get(subdir, ())))
        for subdir in lock.subdirs
    }
    file = LockFile(list(handles.values()))
    for name, solution in lock.environments.items():
        file.set_channels(name, [LockChannel(url) for url in lock.channels])
        for subdir, records in solution.items():
            for record in records:
                file.add_conda_package(name, handles[subdir], record)
        for subdir, wheels in lock.wheels.get(name, {}).items():
            for wheel in wheels:
                file.add_pypi_package(name, handles[subdir], wheel.name, wheel.version, wheel.url)
    import tempfile  # only here, as most commands only read a lock

    try:
        with tempfile.TemporaryDirectory(prefix="strata-lock-") as folder:
            draft = Path(folder) / FILE_NAME
            file.to_path(draft)
            completion.complete(draft, lock)
            content = _HEADER.encode() + draft.read_bytes()
    except OSError as error:
        raise StrataError(
            f"{lock.path} cannot be written: {error.strerror or error}",
            "The lock is as it was. Make room in the folder for temporary files, then repeat.",
        ) from error
    atomic.write(lock.path, content)


def _readable(path: Path) -> bytes:
    """Return the content; refuse what would take memory or time without measure to parse.

    Raises
    ------
    LockError
        When it is no regular file, too large, or nested too deep.
    """
    try:
        if not path.is_file():
            raise LockError(f"{path} is no regular file", "Name a lock file.")
        if path.stat().st_size > MOST_BYTES:
            raise LockError(f"{path} is larger than {MOST_BYTES >> 20} MB", "Name a lock file.")
        data = path.read_bytes()
    except OSError as error:
        raise foreign.explain(path, error) from error
    depth = 0
    for found in re.finditer(_BRACKETS, data) if _has_many_brackets(data) else ():
        text = found[0]
        change = sum(map(text.count, (b"[", b"{"))) - sum(map(text.count, (b"]", b"}")))
        # what only looks like the end of a list, in quotes or a comment, is none
        depth = max(0, depth + (change if len(text) == 1 else max(0, change)))
        if depth > _MOST_LEVELS:
            line = data.count(b"\n", 0, found.start()) + 1
            raise LockError(
                f"{path}:{line}: YAML with more than {_MOST_LEVELS} brackets in each other",
                "Name a lock file.",
            )
    return data


def _has_many_brackets(data: bytes) -> bool:
    # To look whether there is any takes a tenth of the time, and most locks have no brackets.
    opened = sum(data.count(bracket) for bracket in (b"[", b"{") if bracket in data)
    return opened >= _MOST_LEVELS and opened - data.count(b"[]") - data.count(b"{}") >= _MOST_LEVELS


def _wheels(packages: Sequence[PypiLockedPackage]) -> list[Wheel]:
    return sorted(
        (
            Wheel(
                package.name,
                package.version,
                package.location,
                _sha256(package),
                tuple(package.requires_dist),
            )
            for package in packages
        ),
        key=lambda wheel: wheel.name,
    )


def _sha256(package: PypiLockedPackage) -> str:
    """Return its hash; a folder, a repository and what a foreign lock has from a URL have none."""
    try:
        return ((package.hashes and package.hashes.sha256) or b"").hex()
    except AttributeError:  # what rattler raises where there are no hashes at all
        return ""
