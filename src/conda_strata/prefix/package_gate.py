"""The gate for packages: what rattler would link is looked at before it links anything.

A package tells in ``info/`` which of its files go where, and rattler does as it is told. Here its
paths stay in the prefix, nothing is read or written through a symbolic link, and what strata and
rattler keep in ``conda-meta`` is theirs alone. What the package's own code does when it runs is
another matter.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rattler import IndexJson, PathsEntry, PathsJson, RepoDataRecord

from conda_strata.core.errors import PackageError
from conda_strata.lock.model import identity
from conda_strata.rattler.extraction import ASK, limit, plain, too_large

RULES = 1
"""To be raised with every change of what is refused, so that all packages are looked at again."""

_LARGEST = {"paths.json": 256 << 20, "files": 256 << 20, "has_prefix": 256 << 20}
_LARGE = 4 << 20

_READ = ("index.json", "paths.json", "link.json", "files", "has_prefix", "no_link", "no_softlink")
"""Files of ``info/`` that are read, here or by rattler."""

_SITE_PACKAGES = re.compile(r"lib/python[0-9]+\.[0-9]+t?/site-packages|Lib/site-packages")
_RESERVED = {"conda-meta", "__clobbers__"}
"""Folders of a prefix that rattler itself writes; the second holds files that two packages own."""

_COMMAND = re.compile(r"\w[\w.+@-]*")
_LONGEST_NAME = 255


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
        if not isinstance(stored, dict) or stored.keys() != cls().__dict__.keys():
            return None
        return cls(**stored)


@dataclass(frozen=True)
class File:
    """What is to be linked.

    Attributes
    ----------
    path
        Where to, as the package names it.
    is_link
        Whether it is a symbolic link.
    """

    path: str
    is_link: bool


def require_plain_record(record: RepoDataRecord) -> None:
    """Refuse a record whose name makes a path, or whose Python has no usual ``site-packages``.

    Raises
    ------
    PackageError
        Naming the package and the rule.
    """
    name = identity(record)
    if fault := _path_fault(name, record.subdir) or ("/" in name and "it is a path"):
        raise _refusal(record, f"its name: {fault}")
    if not record.sha256:
        raise _refusal(record, "it has no SHA-256, so nothing shows that it is what was locked")
    folder = record.python_site_packages_path
    if folder is not None and not _SITE_PACKAGES.fullmatch(folder):
        raise _refusal(record, f"python_site_packages_path is {_shown(folder)}: {_NO_PYTHON}")


_NO_PYTHON = "no Python has that (lib/pythonX.Y/site-packages)"


def vet(record: RepoDataRecord, folder: Path, size: int | None) -> Facts:
    """Return what the package unpacked in *folder* brings.

    Parameters
    ----------
    record
        The package.
    folder
        What it holds.
    size
        Bytes of its archive.

    Raises
    ------
    PackageError
        Naming the package, the path and the rule that it breaks.
    """
    held = _content(record, folder)
    total = sum(status.st_size for status in held.values() if stat.S_ISREG(status.st_mode))
    if size is not None and total > limit(size):
        raise too_large(identity(record), limit(size))
    index, entries = _described(record, folder, held)
    site_packages = index.python_site_packages_path
    if site_packages is not None and not _SITE_PACKAGES.fullmatch(site_packages):
        raise _refusal(
            record,
            f"info/index.json: python_site_packages_path is {_shown(site_packages)}: {_NO_PYTHON}",
        )
    seen: dict[str, bool] = {}
    folders: set[str] = set()
    links: dict[str, str] = {}
    for entry in entries:
        path = _path(entry)
        if fault := _path_fault(path, record.subdir) or _entry_fault(entry, path, held):
            raise _refusal(record, f"{_shown(path)}: {fault}")
        is_link = entry.path_type.softlink
        if path in seen and (is_link or seen[path]):
            raise _refusal(record, f"{_shown(path)}: it is listed twice, as a symbolic link too")
        seen[path] = is_link
        parent = path if entry.path_type.directory else path.rpartition("/")[0]
        while parent and parent not in folders:
            if not entry.path_type.directory and not _is(held, parent, stat.S_ISDIR):
                raise _refusal(record, f"{_shown(path)}: {_shown(parent)} is no folder")
            folders.add(parent)
            parent = parent.rpartition("/")[0]
        if is_link and path in held:
            target = os.readlink(folder / path)  # noqa: PTH115 - pathlib would tidy it up
            if not _is_own_file(path, target, held):
                links[path] = target
    if through := folders & seen.keys() & {p for p in seen if seen[p]}:
        raise _refusal(record, f"{_shown(min(through))}: it is a folder and a symbolic link")
    is_noarch = bool(index.noarch.python)
    if is_noarch:
        commands(record, folder)
    name = record.name.normalized
    scripts = (f"bin/.{name}-post-link.sh", f"Scripts/.{name}-post-link.bat")
    return Facts(sorted(folders), links, [s for s in scripts if s in seen], is_noarch)


def files(record: RepoDataRecord, folder: Path) -> Iterator[File]:
    """Yield all that a vetted package brings; rattler makes a program of each command."""
    for entry in PathsJson.from_package_directory_with_deprecated_fallback(folder).paths:
        if not entry.path_type.directory:
            yield File(_path(entry), entry.path_type.softlink)
    if IndexJson.from_package_directory(folder).noarch.python:
        for command in commands(record, folder):
            yield File(f"python-scripts/{command}", is_link=False)
            yield File(f"python-scripts/{command}-script.py", is_link=False)
            yield File(f"python-scripts/{command}.exe", is_link=False)


def commands(record: RepoDataRecord, folder: Path) -> list[str]:
    """Return the names of the programs that ``info/link.json`` asks for.

    Raises
    ------
    PackageError
        When one could not be a program of Python.
    """
    try:
        text = (folder / "info/link.json").read_text("utf-8")
    except FileNotFoundError:
        return []
    except ValueError as error:
        raise _refusal(record, f"info/link.json cannot be read: {plain(error)}") from error
    try:
        described = json.loads(text, object_pairs_hook=_once)
        noarch = described["noarch"]
        points = noarch.get("entry_points", [])
        if noarch["type"] != "python" or not all(isinstance(point, str) for point in points):
            raise TypeError("it describes no Python package")  # noqa: TRY301
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _refusal(record, f"info/link.json cannot be read: {plain(error)}") from error
    found = []
    for point in points:
        command, _, function = (part.strip() for part in point.partition("="))
        module, _, name = (part.strip() for part in function.partition(":"))
        if not _COMMAND.fullmatch(command) or len(command) > _LONGEST_NAME:
            raise _refusal(record, f"info/link.json: {_shown(command)} is no name of a program")
        if not all(part.isidentifier() for part in [*module.split("."), *name.split(".")]):
            raise _refusal(record, f"info/link.json: {_shown(point)} names no function of Python")
        found.append(command)
    return found


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found


def _content(record: RepoDataRecord, folder: Path) -> dict[str, os.stat_result]:
    """Return path to what it is, of all that the package holds; symbolic links are not followed."""
    found: dict[str, os.stat_result] = {}
    pending = [("", str(folder))]
    while pending:
        above, place = pending.pop()
        with os.scandir(place) as entries:
            for entry in entries:
                path = above + entry.name
                status = entry.stat(follow_symlinks=False)
                kind = stat.S_IFMT(status.st_mode)
                if kind not in {stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK}:
                    raise _refusal(record, f"{_shown(path)}: it is a device, a pipe or a socket")
                found[path] = status
                if kind == stat.S_IFDIR:
                    pending.append((f"{path}/", entry.path))
    return found


def _described(
    record: RepoDataRecord, folder: Path, held: Mapping[str, os.stat_result]
) -> tuple[IndexJson, list[PathsEntry]]:
    """Return what the package says of itself, as rattler itself understands it."""
    if not _is(held, "info", stat.S_ISDIR):
        raise _refusal(record, "info: it is no folder")
    for name in _READ:
        if status := held.get(f"info/{name}"):
            if not stat.S_ISREG(status.st_mode):
                raise _refusal(record, f"info/{name}: it is no regular file")
            if status.st_size > _LARGEST.get(name, _LARGE):
                raise _refusal(record, f"info/{name}: it is larger than any package needs it")
    name = "index.json"
    try:
        index = IndexJson.from_package_directory(folder)
        name = "paths.json"
        paths = PathsJson.from_package_directory_with_deprecated_fallback(folder).paths
    except Exception as error:  # rattler has a kind for each file
        raise _refusal(record, f"info/{name} cannot be read: {plain(error)}") from error
    return index, paths


def _path(entry: PathsEntry) -> str:
    path = entry.relative_path
    return path.as_posix() if isinstance(path, Path) else str(path)


def _path_fault(path: str, subdir: str) -> str | None:
    """Return what is wrong with a path to be linked; None when nothing is."""
    if path.startswith("/") or re.match(r"[A-Za-z]:", path):
        return "it is absolute"
    if "\\" in path:
        return "it has a backslash"
    if not path.isprintable() and any(ord(c) < ord(" ") or ord(c) == 127 for c in path):  # noqa: PLR2004
        return "it has control characters"
    parts = path.split("/")
    if ".." in parts:
        return "it leaves the prefix (..)"
    if path in {"", "."}:
        return "it is the prefix itself"
    if parts[0].casefold() in _RESERVED:
        return f"{parts[0]} holds what is installed, and is no package's to write"
    if subdir.startswith("win-") and any(p.endswith((".", " ")) or ":" in p for p in parts):
        return "Windows takes it for another path"
    return None


def _entry_fault(entry: PathsEntry, path: str, held: Mapping[str, os.stat_result]) -> str | None:
    kind = entry.path_type
    for above in _above(path):
        if _is(held, above, stat.S_ISLNK):
            return f"it goes through a symbolic link of the package ({_shown(above)})"
    if placeholder := entry.prefix_placeholder:
        if not _is(held, path, stat.S_ISREG):
            return "a prefix is to be written into it, and it is no regular file"
        if not placeholder.placeholder:
            return "its prefix placeholder is empty"
    if kind.hardlink:
        if path not in held:
            return "it is listed, and not in the package"
        if not _is(held, path, stat.S_ISREG):
            return "it is listed as a file, and is none"
    if kind.softlink and path in held and not _is(held, path, stat.S_ISLNK):
        return "it is listed as a symbolic link, and is none"
    if kind.softlink and path not in held and os.name != "nt":
        return "it is listed, and not in the package"
    if kind.directory and not _is(held, path, stat.S_ISDIR):
        return "it is listed as a folder, and is none"
    return None


def _above(path: str) -> Iterator[str]:
    while path := path.rpartition("/")[0]:
        yield path


def _is(held: Mapping[str, os.stat_result], path: str, kind: object) -> bool:
    status = held.get(path)
    return status is not None and bool(kind(status.st_mode))  # type: ignore[operator]


def _is_own_file(path: str, target: str, held: Mapping[str, os.stat_result]) -> bool:
    """Whether a symbolic link points to a file of its own package, by the plainest of ways."""
    if "/" not in target:
        return _is(held, "/".join([*path.split("/")[:-1], target]), stat.S_ISREG)
    if target.startswith("/"):
        return False
    parts = path.split("/")[:-1]
    names = target.split("/")
    while names and names[0] == "..":
        if not parts:
            return False
        parts.pop()
        names.pop(0)
    plain_names = all(name not in {"", ".", ".."} for name in names)
    return plain_names and _is(held, "/".join([*parts, *names]), stat.S_ISREG)


def _refusal(record: RepoDataRecord, what: str) -> PackageError:
    return PackageError(f"{_shown(identity(record))}: {what}", ASK)


def _shown(text: str) -> str:
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
