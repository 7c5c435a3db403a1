"""What is in a prefix already, before it is changed: it may have come with somebody's repository.

Records in ``conda-meta`` name the files that are deleted with a package. rattler deletes what they
name, and here all of that stays in the prefix.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from rattler import RepoDataRecord

from conda_strata.core.errors import StrataError, UsageError
from conda_strata.lock.model import identity
from conda_strata.prefix.readiness import is_there

_OURS = ("strata-environment", "strata-unfinished", "strata.lock")
"""Notes of ours in ``conda-meta``."""

_RUN_BY_SHELLS = re.compile(r"[$`\";|<>]|&(?=.*\s)|\s.*&")
"""A command behind ``&`` has a name of its own only where there is white space."""

_FIX = "If nothing in it is yours, delete that folder and repeat; else name another with --prefix."


def require_safe(prefix: Path, records: Sequence[RepoDataRecord], *, all_change: bool) -> None:
    """Refuse a prefix whose change would write or delete out of it.

    Parameters
    ----------
    prefix
        The folder; it may be absent.
    records
        What it shall hold.
    all_change
        Whether also packages that seem to be there are linked again.

    Raises
    ------
    StrataError
        Naming the file and what it points to.
    """
    _require_plain_name(prefix)
    meta = prefix / "conda-meta"
    if meta.is_symlink():
        raise StrataError(f"{meta} is a symbolic link, and packages are recorded there", _FIX)
    _require_plain_files(prefix, meta)
    if prefix.is_symlink() and prefix.is_dir() and any(prefix.iterdir()):
        where = f"{prefix} is a symbolic link to {prefix.resolve()}"
        if not meta.is_dir():
            raise StrataError(f"{where}, which is no environment", _FIX)
        if not any((meta / name).is_file() for name in _OURS):
            raise StrataError(
                f"{where}, an environment of another program",
                "Delete the link; or name that folder itself with --prefix, and it becomes strata's.",
            )
    kept = set() if all_change else {identity(r) for r in records if is_there(prefix, r)}
    root = prefix.resolve()
    good: set[Path] = set()
    for file in sorted(meta.glob("*.json")) if meta.is_dir() else ():
        for path in _files(file) if file.stem not in kept else ():
            above = Path(path).parent
            if above not in good:
                if _leaves(prefix, path, root):
                    raise StrataError(f"{file} names {path}, which is not in {prefix}", _FIX)
                good.add(above)


def _require_plain_name(prefix: Path) -> None:
    """Refuse a path that a shell would run: packages have it in their scripts, and not in quotes."""
    name = str(prefix)
    if _RUN_BY_SHELLS.search(name) or not name.isprintable() or (os.name != "nt" and "\\" in name):
        raise UsageError(
            f"{prefix} has characters that a shell runs or breaks at, and programs of packages are "
            "scripts with this path in them",
            "Rename the folder, or name another with --prefix.",
        )


def _require_plain_files(prefix: Path, meta: Path) -> None:
    """Refuse links and pipes in the place of what an installation writes or reads."""
    for file in (prefix / "CACHEDIR.TAG", *(sorted(meta.iterdir()) if meta.is_dir() else ())):
        if file.is_symlink():
            raise StrataError(f"{file} is a symbolic link, and may be written through", _FIX)
        if file.exists() and not (file.is_file() or file.is_dir()):
            raise StrataError(f"{file} is no regular file", _FIX)


def _files(record: Path) -> Iterator[str]:
    """Yield what a record names, as rattler reads it; what it cannot read, it says itself."""
    try:
        said = json.loads(record.read_bytes())
    except (OSError, ValueError, RecursionError):
        return
    if not isinstance(said, dict):
        return
    described = said.get("paths_data")
    entries = described.get("paths") if isinstance(described, dict) else None
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and isinstance(path := entry.get("_path"), str):
            yield path
    files = said.get("files")
    yield from (
        path for path in (files if isinstance(files, list) else ()) if isinstance(path, str)
    )


def _leaves(prefix: Path, path: str, root: Path) -> bool:
    if "\0" in path or Path(path).is_absolute() or ".." in Path(path).parts:
        return True
    return not (prefix / path).parent.resolve().is_relative_to(root)
