"""Read the locks of a comparison: from a file, from a git revision, or an empty one."""

from __future__ import annotations

import os
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

from conda_strata.core.errors import LockError, UsageError
from conda_strata.lock import lockfile
from conda_strata.lock.model import Lock

_NOTHING = {"/dev/null", os.devnull}
_SMALL = 1000
"""Bytes of white space, of which a lock without anything has fewer."""


def read(name: str) -> Lock:
    """Read the lock that *name* means, which the lock's path then shows.

    ``REV:PATH`` is the file as git has it in that revision (``./PATH`` starts in the current
    folder, as git has it). An empty file, ``/dev/null`` and a path that the revision does not
    have are a lock without anything in it: what there was before the first lock.

    Raises
    ------
    UsageError
        When there is no such file or revision.
    LockError
        When it is no lock file.
    """
    path = Path(name)
    if name in _NOTHING:
        return _empty(name)
    if path.is_file():
        is_empty = path.stat().st_size < _SMALL and not path.read_bytes().strip()
        return _empty(name) if is_empty else lockfile.read(path)
    if ":" in name:
        return _read_text(name, _in_git(name))
    if not path.exists():
        raise UsageError(f"{name} does not exist", "Name a lock file, or REV:PATH for one in git.")
    try:
        with path.open("rb") as opened:  # a pipe, as of '<(command)', has no size
            return _read_text(name, opened.read(lockfile.MOST_BYTES + 1))
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error}", "Name a lock file.") from error


def _empty(name: str) -> Lock:
    return Lock({}, (), Path(name))


def _read_text(name: str, text: bytes) -> Lock:
    if not text.strip():
        return _empty(name)
    with tempfile.TemporaryDirectory(prefix="strata-diff-") as folder:
        file = Path(folder) / lockfile.FILE_NAME
        file.write_bytes(text)
        try:
            return replace(lockfile.read(file), path=Path(name))
        except LockError as error:
            raise LockError(error.what.replace(str(file), name), "Name a lock file.") from error


def _in_git(name: str) -> bytes:
    revision = name.partition(":")[0]
    if revision.startswith("-"):
        raise UsageError(f"{revision} is no revision", "Write REV:PATH, such as HEAD:strata.lock.")
    # Without a revision, git means the index, which is always there.
    if revision and _git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}").returncode:
        inside = _git("rev-parse", "--git-dir")
        if inside.returncode:
            raise UsageError(
                f"{name} cannot be looked up: this folder is in no git repository",
                "Name two lock files: strata diff OLD NEW.",
            )
        raise UsageError(
            f"git has no revision {revision!r} here",
            "In a shallow clone, fetch it first: 'git fetch origin REV' "
            "(actions/checkout: 'fetch-depth: 0').",
        )
    shown = _git("show", name)
    return b"" if shown.returncode else shown.stdout


def _git(*words: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["git", *words], capture_output=True, check=False)
    except FileNotFoundError:
        raise UsageError("git is not installed", "Install it, or name two lock files.") from None
