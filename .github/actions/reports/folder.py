"""Refuse a folder that holds more than plain files, before anything on the runner reads it.

The tests of a pull request wrote it, from within a container: a link in it could name a file of the
runner, opening a pipe would wait for ever, and a sparse file could fill the disk.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

MOST_FILES = 10_000
MOST_BYTES = 2 * 10**9

_KINDS = {
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class RefusedError(Exception):
    """Why nothing of the folder is kept."""


def check(folder: Path) -> None:
    """Return if *folder* holds only files and folders, not too many and not too large.

    Raises
    ------
    RefusedError
        If it holds anything else.
    """
    size = 0
    if not os.path.lexists(folder):
        return
    for number, (path, found) in enumerate(_walk(folder)):
        size += found.st_size if stat.S_ISREG(found.st_mode) else 0
        if kind := _KINDS.get(stat.S_IFMT(found.st_mode)):
            raise RefusedError(f"{ascii(os.fspath(path))[:300]} is {kind}")
        if number > MOST_FILES:
            raise RefusedError(f"{folder} has more than {MOST_FILES:,} entries")
        if size > MOST_BYTES:
            raise RefusedError(f"{folder} is larger than {MOST_BYTES / 1e9:g} GB")


def _walk(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield what there is; no link is followed."""
    waiting = [folder]
    while waiting:
        path = waiting.pop()
        try:
            found = path.lstat()
            yield path, found
            if stat.S_ISDIR(found.st_mode):
                waiting += path.iterdir()
        except OSError as error:
            raise RefusedError(
                f"{ascii(os.fspath(path))[:300]} cannot be read: {error.strerror}"
            ) from None


def main() -> int:
    """Check the folder that the command line names."""
    try:
        check(Path(sys.argv[1]))
    except RefusedError as error:
        print(f"::error title=Nothing of the reports is kept::{error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
