"""The folder of extracted packages that rattler keeps and pixi shares: what of it can be trusted.

Beside each package's folder, ``NAME-VERSION-BUILD``, rattler keeps ``NAME-VERSION-BUILD.lock``: a
counter of eight bytes and the SHA-256 of the archive, where that was known. rattler takes a package
without one for any that it is asked for; strata does not.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from filelock import FileLock
from rattler import RepoDataRecord

from conda_strata.lock.model import identity

_COUNTER = 8
_SHA256 = 32


class PackageCache:
    """The extracted packages of one folder.

    Parameters
    ----------
    folder
        Where they are.
    rules
        Version of the rules by which they are vetted: what older rules let pass is vetted again.
    """

    def __init__(self, folder: Path, rules: int) -> None:
        self.folder = folder
        # no package can have this name, nor write into it: theirs hold two hyphens
        self._vetted = folder / f".strata_vetted_{rules}"

    def place(self, record: RepoDataRecord) -> Path:
        """Return where the package is, or would be."""
        return self.folder / identity(record)

    def holds(self, record: RepoDataRecord) -> bool:
        """Whether the very package of *record* is there, by its SHA-256."""
        place = self.place(record)
        try:
            note = _note(place).read_bytes()
        except OSError:
            return False
        recorded = note[_COUNTER : _COUNTER + _SHA256]
        return recorded == record.sha256 and (place / "info/index.json").is_file()

    def put(self, record: RepoDataRecord, extracted: Path) -> None:
        """Take a package in; *extracted*, a folder of this very file system, is moved.

        Raises
        ------
        OSError
            When the folder cannot be written.
        """
        place = self.place(record)
        # pixi and other users of rattler wait for this file
        with FileLock(self.folder / ".cache.lock"):
            self._remove(place)
            # first who it is, then that it is there: were it the other way, any name would do
            count = (1).to_bytes(_COUNTER, "big")
            _note(place).write_bytes(count + (record.sha256 or b""))
            extracted.rename(place)

    def drop(self, record: RepoDataRecord) -> None:
        """Take a package out, if it is there."""
        with FileLock(self.folder / ".cache.lock"):
            self._remove(self.place(record))

    def _remove(self, place: Path) -> None:
        if place.is_symlink():
            place.unlink()
        elif place.exists():
            shutil.rmtree(place)
        _note(place).unlink(missing_ok=True)

    def vetted(self, records: Iterable[RepoDataRecord]) -> list[RepoDataRecord]:
        """Return those of *records* that were vetted; the folder is read once for all."""
        try:
            known = {file.stem for file in self._vetted.iterdir()}
        except OSError:
            return []
        return [r for r in records if r.sha256 and r.sha256.hex() in known]

    def remembered(self, record: RepoDataRecord) -> object:
        """Return what was found when the package was vetted; None when it never was."""
        if not record.sha256:
            return None
        try:
            return json.loads((self._vetted / f"{record.sha256.hex()}.json").read_bytes())
        except (OSError, ValueError, RecursionError):
            return None

    def remember(self, record: RepoDataRecord, found: object) -> None:
        """Note that a package was vetted, and what was found; a failure only costs time."""
        if not record.sha256:
            return
        with suppress(OSError):
            self._vetted.mkdir(exist_ok=True)
            text = json.dumps(found, separators=(",", ":"))
            # one that is written half is no JSON, and counts for nothing
            (self._vetted / f"{record.sha256.hex()}.json").write_text(text, "utf-8")


def _note(place: Path) -> Path:
    return place.with_name(f"{place.name}.lock")
