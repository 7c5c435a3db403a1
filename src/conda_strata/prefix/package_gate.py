"""The gate for packages: what rattler would link is looked at before it links anything.

A package tells in ``info/`` which of its files go where, and rattler does as it is told. Here its
paths stay in the prefix, nothing is read or written through a symbolic link, and what strata and
rattler keep in ``conda-meta`` is theirs alone. What the package's own code does when it runs is
another matter.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rattler import IndexJson, PathsEntry, PathsJson, RepoDataRecord

from conda_strata.core.errors import PackageError
from conda_strata.lock.model import identity
from conda_strata.prefix.entry_points import commands
from conda_strata.prefix.package_paths import (
    Held,
    content,
    entry_fault,
    folders_of,
    is_kind,
    is_own_file,
    path_fault,
    path_of,
)
from conda_strata.rattler.extraction import ASK, limit, plain, too_large

RULES = 1
"""To be raised with every change of what is refused, so that all packages are looked at again."""

_LONG = {"paths.json": 256 << 20, "files": 256 << 20, "has_prefix": 256 << 20}
_LARGEST = 4 << 20
"""Bytes that a file of ``info/`` may have; what lists the files of a package may have more."""

_READ = ("index.json", "paths.json", "link.json", "files", "has_prefix", "no_link", "no_softlink")
"""Files of ``info/`` that are read, here or by rattler."""

_SITE_PACKAGES = re.compile(r"lib/python[0-9]+\.[0-9]+t?/site-packages|Lib/site-packages")


@dataclass(frozen=True)
class Facts:
    """What one package brings, as far as others can be harmed by it.

    Attributes
    ----------
    folders
        All folders that its files are in, as the package names them.
    links
        Symbolic links that do not point to a file of the package: path to target.
    scripts
        Its post-link scripts.
    noarch
        Whether its ``site-packages`` and ``python-scripts`` are mapped to those of a Python.
    """

    folders: list[str] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)
    scripts: list[str] = field(default_factory=list)
    noarch: bool = False

    def remembered(self) -> object:
        """Return them as JSON has them."""
        return asdict(self)

    @classmethod
    def recalled(cls, stored: object) -> Facts | None:
        """Return them from JSON; None when that was written by something else."""
        if not isinstance(stored, dict) or stored.keys() != cls.__dataclass_fields__.keys():
            return None
        kinds = {"folders": list, "links": dict, "scripts": list, "noarch": bool}
        return cls(**stored) if all(type(stored[k]) is kinds[k] for k in kinds) else None


def require_plain_record(record: RepoDataRecord) -> None:
    """Refuse a record whose name makes a path, or whose Python has no usual ``site-packages``.

    Raises
    ------
    PackageError
        Naming the package and the rule.
    """
    name = identity(record)
    if "/" in name or path_fault(name, record.subdir):
        raise _refusal(record, "its name is no plain file name")
    if not record.sha256:
        raise _refusal(record, "it has no SHA-256, so nothing shows that it is what was locked")
    _require_site_packages(record, record.python_site_packages_path)


def vet(record: RepoDataRecord, folder: Path, size: int | None) -> Facts:
    """Return what the package unpacked in *folder* brings.

    Parameters
    ----------
    record
        The package.
    folder
        What it holds.
    size
        Bytes of its archive, if known.

    Raises
    ------
    PackageError
        Naming the package, the path and the rule that it breaks.
    """
    held = _held(record, folder, size)
    index, entries = _described(record, folder)
    _require_site_packages(record, index.python_site_packages_path)
    is_noarch = bool(index.noarch.python)
    links, folders, paths = _brought(record, folder, entries, held)
    if is_noarch:
        try:
            folders |= {"python-scripts"} if commands(folder) else set()
        except ValueError as error:
            raise _refusal(record, f"info/link.json: {plain(error)}") from error
    name = record.name.normalized
    scripts = (f"bin/.{name}-post-link.sh", f"Scripts/.{name}-post-link.bat")
    return Facts(sorted(folders), links, [s for s in scripts if s in paths], is_noarch)


def files(folder: Path) -> Iterator[tuple[str, bool]]:
    """Yield each path that a vetted package brings, and whether it is a symbolic link."""
    for entry in PathsJson.from_package_directory_with_deprecated_fallback(folder).paths:
        if not entry.path_type.directory:
            yield path_of(entry), entry.path_type.softlink
    if IndexJson.from_package_directory(folder).noarch.python:
        for command in commands(folder):
            for ending in ("", "-script.py", ".exe"):
                yield f"python-scripts/{command}{ending}", False


def _brought(
    record: RepoDataRecord, folder: Path, entries: Sequence[PathsEntry], held: Held
) -> tuple[dict[str, str], set[str], dict[str, bool]]:
    """Return links that matter, folders, and all paths with whether each is a link."""
    paths: dict[str, bool] = {}
    folders: set[str] = set()
    links: dict[str, str] = {}
    for entry in entries:
        path = path_of(entry)
        is_link = entry.path_type.softlink
        if fault := path_fault(path, record.subdir) or entry_fault(entry, path, held):
            raise _refusal(record, f"{path}: {fault}")
        if path in paths and (is_link or paths[path]):
            raise _refusal(record, f"{path}: it is listed twice, as a symbolic link too")
        paths[path] = is_link
        if entry.path_type.directory:
            folders.add(path)
        for above in folders_of(path):
            if above in folders:
                break
            folders.add(above)
        if is_link and path in held:
            target = os.readlink(folder / path)  # noqa: PTH115 - pathlib would tidy it up
            if not is_own_file(path, target, held):
                links[path] = target
    return links, folders, paths


def _held(record: RepoDataRecord, folder: Path, size: int | None) -> Held:
    held: dict[str, int] = {}
    total = 0
    for path, status in content(folder):
        mode = status.st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)):
            raise _refusal(record, f"{path}: it is a device, a pipe or a socket")
        total += status.st_size if stat.S_ISREG(mode) else 0
        name = path.removeprefix("info/")
        if name in _READ and name != path:
            if not stat.S_ISREG(mode):
                raise _refusal(record, f"{path}: it is no regular file")
            if status.st_size > _LONG.get(name, _LARGEST):
                raise _refusal(record, f"{path}: it is larger than that of any real package")
        held[path] = mode
    if size is not None and total > limit(size):
        raise too_large(identity(record), limit(size))
    if not is_kind(held, "info", stat.S_ISDIR):
        raise _refusal(record, "info: it is no folder")
    return held


def _described(record: RepoDataRecord, folder: Path) -> tuple[IndexJson, list[PathsEntry]]:
    """Return what the package says of itself, as rattler itself understands it."""
    name = "index.json"
    try:
        index = IndexJson.from_package_directory(folder)
        name = "paths.json"
        paths = PathsJson.from_package_directory_with_deprecated_fallback(folder).paths
    except Exception as error:
        raise _refusal(record, f"info/{name} cannot be read: {plain(error)}") from error
    return index, paths


def _require_site_packages(record: RepoDataRecord, folder: str | None) -> None:
    if folder is not None and not _SITE_PACKAGES.fullmatch(folder):
        what = f"python_site_packages_path is {folder}, and no Python has that"
        raise _refusal(record, f"{what} (lib/pythonX.Y/site-packages)")


def _refusal(record: RepoDataRecord, what: str) -> PackageError:
    text = f"{identity(record)}: {what}"
    return PackageError("".join(c if c.isprintable() else ascii(c)[1:-1] for c in text), ASK)
