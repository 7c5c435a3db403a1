"""The blobs of images that this machine has made or fetched, and which of them is which layer.

They are kept beside the packages, by digest, as in any OCI layout. What has not been used for a month
is dropped.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from conda_strata.core.errors import StrataError
from conda_strata.image.oci_image import ImageLayer
from conda_strata.rattler import channels
from conda_strata.registry import documents
from conda_strata.registry.documents import Descriptor
from conda_strata.registry.repository import Repository

_KEPT = 30 * 24 * 60 * 60
"""Seconds that what is not used stays."""


class BlobStore:
    """A folder of blobs.

    Parameters
    ----------
    folder
        Where it is; beside the packages' cache by default.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or channels.cache_dir() / "strata-images"
        self._blobs = self.folder / "blobs" / "sha256"
        self._notes = self.folder / "notes"
        self._sound: set[str] = set()
        with _on_disk(self.folder):
            for one in (self._blobs, self._notes):
                one.mkdir(parents=True, exist_ok=True)

    def path(self, digest: str) -> Path:
        """Return where a blob lies, or would."""
        return self._blobs / digest.removeprefix("sha256:")

    def holds(self, wanted: Descriptor) -> bool:
        """Tell whether a blob is here and whole; a damaged one is dropped."""
        file = self.path(wanted.digest)
        if wanted.digest in self._sound:
            return True
        try:
            with file.open("rb") as handle:
                found = f"sha256:{hashlib.file_digest(handle, 'sha256').hexdigest()}"
            if found != wanted.digest:
                file.unlink(missing_ok=True)
                return False
            os.utime(file)
        except FileNotFoundError:
            return False
        self._sound.add(wanted.digest)
        return True

    @contextmanager
    def new(self) -> Iterator[Path]:
        """Yield a file to write a blob to, which `take` then puts in its place."""
        with _on_disk(self.folder):
            handle, name = tempfile.mkstemp(prefix=".partial-", dir=self._blobs)
            os.close(handle)
            try:
                yield Path(name)
            finally:
                Path(name).unlink(missing_ok=True)

    def take(self, file: Path, digest: str) -> None:
        """Put what was written into its place."""
        file.replace(self.path(digest))
        self._sound.add(digest)

    def add(self, data: bytes) -> str:
        """Keep a small blob and return its digest."""
        digest = documents.digest_of(data)
        with self.new() as file:
            file.write_bytes(data)
            self.take(file, digest)
        return digest

    def fetch(self, wanted: Descriptor, source: Repository | None) -> Path:
        """Return a blob's file, fetched where it is not here.

        Raises
        ------
        StrataError
            When it is neither here nor there.
        """
        if not self.holds(wanted):
            if source is None:
                raise StrataError(
                    f"{self.path(wanted.digest)} is gone or damaged", "Repeat: it is made again."
                )
            with self.new() as file:
                with file.open("w+b") as handle:
                    source.download(wanted, handle)
                self.take(file, wanted.digest)
        return self.path(wanted.digest)

    def note(self, name: str, content: Any) -> None:
        """Keep a note under a name."""
        with _on_disk(self.folder):
            file = self._note(name)
            draft = file.with_name(f".{file.name}.{os.getpid()}")
            draft.write_text(json.dumps(content), "utf-8")
            draft.replace(file)

    def noted(self, name: str) -> Any:
        """Return the note of that name; None without one."""
        try:
            file = self._note(name)
            found = json.loads(file.read_text("utf-8"))
            os.utime(file)
        except (FileNotFoundError, ValueError):
            return None
        return found

    def keep(self, layer: ImageLayer) -> None:
        """Note that a layer is here under its key."""
        known = self.layers(layer.key)
        others = [one for one in known if one.companions != layer.companions]
        self.note(
            layer.key,
            [{"descriptor": dict(o.descriptor), "diff_id": o.diff_id} for o in [*others, layer]],
        )

    def layers(self, key: str) -> list[ImageLayer]:
        """Return the layers that are here under a key: those that are whole."""
        try:
            found = [ImageLayer(o["descriptor"], o["diff_id"]) for o in self.noted(key) or ()]
            return [one for one in found if self.holds(Descriptor.of(one.descriptor))]
        except (KeyError, TypeError, ValueError):
            return []

    def prune(self) -> None:
        """Drop what has not been used for a month."""
        limit = time.time() - _KEPT
        for folder in (self._blobs, self._notes):
            for file in folder.iterdir():
                with suppress(FileNotFoundError):
                    if file.stat().st_mtime < limit:
                        file.unlink()

    def _note(self, name: str) -> Path:
        return self._notes / f"{hashlib.sha256(name.encode()).hexdigest()}.json"


@contextmanager
def _on_disk(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise StrataError(
            f"{folder} cannot be written: {error.strerror}",
            "Make room or get the right to write there, then repeat: what was made is kept.",
        ) from error
