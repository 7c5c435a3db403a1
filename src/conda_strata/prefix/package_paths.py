"""Which paths a package may bring into a prefix, and of which kind each has to be."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from rattler import PathsEntry

Held = Mapping[str, int]
"""Path to mode of all that a package holds, by ``lstat``."""

_RESERVED = {"conda-meta", "__clobbers__"}
"""Folders of a prefix that rattler itself writes; the second holds files that two packages own."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def content(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Yield the path and the status of all that is in *folder*; links are not followed."""
    pending = [("", str(folder))]
    while pending:
        above, place = pending.pop()
        with os.scandir(place) as entries:
            for entry in entries:
                status = entry.stat(follow_symlinks=False)
                yield above + entry.name, status
                if stat.S_ISDIR(status.st_mode):
                    pending.append((f"{above}{entry.name}/", entry.path))


def path_of(entry: PathsEntry) -> str:
    """Return where *entry* is to be linked, with forward slashes."""
    return Path(entry.relative_path).as_posix()


def path_fault(path: str, subdir: str) -> str | None:
    """Return what is wrong with a path to be linked; None when nothing is."""
    parts = path.split("/")
    faults = {
        "it is absolute": path.startswith("/") or bool(re.match(r"[A-Za-z]:", path)),
        "it has a backslash": "\\" in path,
        "it has control characters": bool(_CONTROL.search(path)),
        "it leaves the prefix (..)": ".." in parts,
        "it is the prefix itself": path in {"", "."},
        f"{parts[0]} holds what is installed, and is no package's to write": (
            parts[0].casefold() in _RESERVED
        ),
        "Windows takes it for another path": subdir.startswith("win-")
        and any(part.endswith((".", " ")) or ":" in part for part in parts),
    }
    return next((fault for fault, holds in faults.items() if holds), None)


def entry_fault(entry: PathsEntry, path: str, held: Held) -> str | None:
    """Return what is wrong with an entry, given what the package holds; None when nothing is."""
    for above in folders_of(path):
        if is_kind(held, above, stat.S_ISLNK):
            return f"it goes through a symbolic link of the package ({above})"
        if not is_kind(held, above, stat.S_ISDIR):
            return "it is listed, and not in the package"
    if placeholder := entry.prefix_placeholder:
        if not is_kind(held, path, stat.S_ISREG):
            return "a prefix is to be written into it, and it is no regular file"
        if not placeholder.placeholder:
            return "its prefix placeholder is empty"
    return _kind_fault(entry, path, held)


def _kind_fault(entry: PathsEntry, path: str, held: Held) -> str | None:
    kind = entry.path_type
    if path not in held:
        # without the right to make symbolic links, Windows leaves them out
        is_left_out = kind.softlink and os.name == "nt"
        return None if is_left_out else "it is listed, and not in the package"
    if kind.hardlink and not is_kind(held, path, stat.S_ISREG):
        return "it is listed as a file, and is none"
    if kind.softlink and not is_kind(held, path, stat.S_ISLNK):
        return "it is listed as a symbolic link, and is none"
    if kind.directory and not is_kind(held, path, stat.S_ISDIR):
        return "it is listed as a folder, and is none"
    return None


def folders_of(path: str) -> Iterator[str]:
    """Yield the folders that *path* is in, the nearest first."""
    while path := path.rpartition("/")[0]:
        yield path


def is_kind(held: Held, path: str, kind: Callable[[int], bool]) -> bool:
    """Whether the package holds *path*, and it is of *kind* (``stat.S_ISREG`` and the like)."""
    mode = held.get(path)
    return mode is not None and kind(mode)


def is_own_file(path: str, target: str, held: Held) -> bool:
    """Whether a symbolic link points to a file of its own package, and in the plainest of ways."""
    above = path.split("/")[:-1]
    names = target.split("/")
    while names and names[0] == ".." and above:
        above.pop()
        names.pop(0)
    if any(name in {"", ".", ".."} for name in names):
        return False
    return is_kind(held, "/".join([*above, *names]), stat.S_ISREG)
