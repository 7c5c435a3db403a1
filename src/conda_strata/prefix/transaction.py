"""Changing a prefix: one command at a time, and a note in it for as long as it is unfinished.

A process can be killed between any two files. rattler judges what a prefix holds by its records in
``conda-meta``, which then tell too much or too little; so after such an end the records are not
trusted, and everything is linked anew from the cache.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from conda_strata.core import atomic
from conda_strata.core.errors import StrataError
from conda_strata.core.log import logger
from conda_strata.rattler.file_locks import exclusive

_log = logger(__name__)

_GUARD = "strata.lock"
_NOTE = "strata-unfinished"
_NEW, _CHANGED = "new", "changed"


@dataclass
class Transaction:
    """A prefix that is held.

    Attributes
    ----------
    prefix
        The environment's folder.
    relink
        Whether all of its packages have to be linked again.
    noted
        What the note says, or said before it was taken away.
    """

    prefix: Path
    relink: bool
    noted: str = ""

    def begin(self) -> None:
        """Note that the prefix is about to change: what fails before leaves it as it was.

        Raises
        ------
        StrataError
            When the prefix cannot be written.
        """
        try:
            self.noted = _begin(self.prefix, self.prefix / "conda-meta", self.noted)
        except OSError as error:
            raise _unwritable(error, self.prefix) from error

    def pause(self) -> None:
        """Take the note away, because all in the prefix is whole until it begins to change again."""
        with suppress(OSError):
            (self.prefix / "conda-meta" / _NOTE).unlink()


def is_broken_off(prefix: Path) -> bool:
    """Whether the last change of *prefix* was not finished."""
    return (prefix / "conda-meta" / _NOTE).exists()


@contextmanager
def changing(prefix: Path) -> Iterator[Transaction]:
    """Hold *prefix* while it is changed.

    Parameters
    ----------
    prefix
        The environment's folder; made when absent.

    Raises
    ------
    StrataError
        When the prefix cannot be written.
    """
    meta = prefix / "conda-meta"
    with exclusive(meta / _GUARD, str(prefix)):
        try:
            relink = _recover(prefix, meta)
        except OSError as error:
            raise _unwritable(error, prefix) from error
        transaction = Transaction(prefix, relink)
        yield transaction
        transaction.pause()


def _unwritable(error: OSError, prefix: Path) -> StrataError:
    return StrataError(
        f"{error.filename or prefix} cannot be written: {error.strerror}",
        "Make room or get the right to write there, then repeat.",
    )


def _recover(prefix: Path, meta: Path) -> bool:
    note = meta / _NOTE
    broken_off = note.exists()
    if broken_off and note.read_bytes() == _NEW.encode():
        # nothing but our own unfinished work has ever been in it
        _log.info("the last installation into %s was broken off: starting anew", prefix)
        _empty(prefix, meta)
        return False
    if broken_off:
        _log.info("the last installation into %s was broken off: linking all again", prefix)
        _drop_broken_records(meta)
        return True
    return False


def _begin(prefix: Path, meta: Path, noted: str) -> str:
    """Note that the prefix changes, again with the word *noted* where it was; return the word."""
    note = meta / _NOTE
    if note.exists():
        return note.read_text("utf-8", errors="replace")
    if noted:
        atomic.write(note, noted.encode())
        return noted
    held = {p.name for p in prefix.iterdir()} | {p.name for p in meta.iterdir()}
    own = {meta.name, _GUARD, atomic.partial(note).name}
    # Whole or not at all: a note without its word would make a new prefix look like a changed one.
    word = _NEW if held <= own else _CHANGED
    atomic.write(note, word.encode())
    return word


def _empty(prefix: Path, meta: Path) -> None:
    """Remove all but our guard and note, which stays until the work is finished."""
    kept = {meta, meta / _GUARD, meta / _NOTE}
    for path in [*prefix.iterdir(), *meta.iterdir()]:
        if path in kept:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _drop_broken_records(meta: Path) -> None:
    for draft in meta.glob("prefix_record_*"):
        draft.unlink()
    for record in meta.glob("*.json"):
        try:
            json.loads(record.read_bytes())
        except (ValueError, RecursionError):
            record.unlink()
