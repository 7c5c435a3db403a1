"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from conda_strata.core.errors import StrataError


def write(path: Path, content: bytes) -> None:
    """Write *content* to *path*, in the place of what was there; on any failure that stays.

    A symbolic link is followed within its folder only: it may have come with a repository. Where the process is killed half-way, the next one overwrites what it left beside the file.

    Raises
    ------
    StrataError
        When it cannot be written.
    """
    target = path.resolve()
    if path.is_symlink() and not target.is_relative_to(path.parent.resolve()):
        raise StrataError(
            f"{path} is a symbolic link out of its folder, to {target}",
            "Name that file itself, or delete the link.",
        )
    draft = partial(target)
    try:
        try:
            # a repository may have brought a link in its place, which "w" would write through
            draft.unlink(missing_ok=True)
            with draft.open("xb") as handle:
                handle.write(content)
                handle.flush()
                os.fsync(handle.fileno())
            draft.replace(target)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise StrataError(
            f"{path} cannot be written: {error.strerror or error}",
            "It is as it was. Make room or get the right to write there, then repeat.",
        ) from error


def partial(path: Path) -> Path:
    """Return where a file's content stands until it is whole; a kill may leave it there."""
    return path.with_name(f".{path.name}.partial")
