"""Composed images, in one file: an OCI archive, which Docker, Podman, Apptainer and skopeo read.

It is a tar file of an OCI layout, with the ``manifest.json`` that Docker's classic store asks for.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from conda_strata.core.errors import StrataError
from conda_strata.image import push
from conda_strata.image.blobs import BlobStore
from conda_strata.image.compose import Composed
from conda_strata.registry import documents
from conda_strata.registry.documents import INDEX, MANIFEST


def write(file: Path, images: Mapping[str, Sequence[Composed]], store: BlobStore) -> None:
    """Write images to *file*, in the place of what was there.

    Parameters
    ----------
    file
        The archive.
    images
        Name with tag to the image of each platform.
    store
        What has their layers, or fetches them.

    Raises
    ------
    StrataError
        When it cannot be written.
    """
    try:
        with _draft(file) as draft:
            _Writer(draft, store).write(images)
    except OSError as error:
        raise StrataError(
            f"{file} cannot be written: {error.strerror}",
            "Make room or get the right to write there, then repeat.",
        ) from error


@contextmanager
def _draft(file: Path) -> Iterator[tarfile.TarFile]:
    target = file.resolve()
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    os.close(handle)
    try:
        with tarfile.open(name, "w") as archive:
            yield archive
        Path(name).chmod(0o644)
        Path(name).replace(target)
    finally:
        Path(name).unlink(missing_ok=True)


class _Writer:
    def __init__(self, archive: tarfile.TarFile, store: BlobStore) -> None:
        self.archive, self.store = archive, store
        self._written: set[str] = set()

    def write(self, images: Mapping[str, Sequence[Composed]]) -> None:
        self._add("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
        named = [self._image(name, platforms) for name, platforms in images.items()]
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": named}
        self._add("index.json", documents.encode(index))
        first = {name: platforms[0] for name, platforms in images.items()}
        self._add(
            "manifest.json", json.dumps([_docker(n, one) for n, one in first.items()]).encode()
        )

    def _image(self, name: str, platforms: Sequence[Composed]) -> dict[str, Any]:
        for one in platforms:
            for held in one.layers:
                self._file(self.store.fetch(held.descriptor, held.source), held.descriptor.digest)
            self._blob(one.config)
            self._blob(one.manifest)
        data = push.top(platforms)
        self._blob(data)
        kind = INDEX if len(platforms) > 1 else MANIFEST
        tag = name.rpartition(":")[2]
        notes = {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": tag}
        about = {"mediaType": kind, "digest": documents.digest_of(data), "size": len(data)}
        return {**about, "annotations": notes}

    def _blob(self, data: bytes) -> None:
        digest = documents.digest_of(data)
        if digest not in self._written:
            self._written.add(digest)
            self._add(_place(digest), data)

    def _file(self, file: Path, digest: str) -> None:
        if digest in self._written:
            return
        self._written.add(digest)
        member = _member(_place(digest), file.stat().st_size)
        with file.open("rb") as handle:
            self.archive.addfile(member, handle)

    def _add(self, name: str, data: bytes) -> None:
        self.archive.addfile(_member(name, len(data)), io.BytesIO(data))


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o644
    return member


def _place(digest: str) -> str:
    return f"blobs/sha256/{digest.removeprefix('sha256:')}"


def _docker(name: str, image: Composed) -> dict[str, Any]:
    return {
        "Config": _place(f"sha256:{hashlib.sha256(image.config).hexdigest()}"),
        "RepoTags": [name],
        "Layers": [_place(held.descriptor.digest) for held in image.layers],
    }
