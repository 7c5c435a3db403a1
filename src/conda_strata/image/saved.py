"""An image as Docker or Podman saves it: read, checked, and made the same for the same content.

See https://github.com/moby/docker-image-spec and
https://github.com/moby/buildkit/blob/master/docs/build-repro.md.
"""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from conda_strata.core.errors import StrataError
from conda_strata.image import archive
from conda_strata.image.blobs import BlobStore
from conda_strata.image.compose import Base
from conda_strata.image.contents import EPOCH
from conda_strata.image.oci_image import ImageLayer
from conda_strata.image.reuse import Held
from conda_strata.registry.documents import Descriptor

STAMP = "SOURCE_DATE_EPOCH"
"""The build argument that tells programs which time to write."""


def stamp(below: Base | None) -> int:
    """Return the time, in seconds since 1970, for what is built on an image: that of the image."""
    try:
        return max(_seconds(str(below.config["created"])), EPOCH) if below else EPOCH
    except (KeyError, ValueError):
        return EPOCH


def base(
    file: Path,
    originals: Mapping[str, Held],
    store: BlobStore,
    compression: str,
    latest: int | None,
) -> Base:
    """Read the one image of an archive; its new layers go into *store*.

    Parameters
    ----------
    file
        What ``docker image save`` wrote.
    originals
        Layers of the image below by their diff ID; they stay as their registry has them.
    store
        Where layers that were built are put.
    compression
        Of these layers: ``zstd`` or ``gzip``.
    latest
        The time that files of these layers and the image itself get where theirs is later. None
        leaves all times: a compiled Python module is only valid with the time of its source,
        unless it was compiled under ``SOURCE_DATE_EPOCH``.

    Raises
    ------
    StrataError
        When the archive is not what it should be.
    """
    try:
        with tarfile.open(file) as whole:
            (said,) = json.loads(_member(whole, "manifest.json"))
            config = json.loads(_member(whole, said["Config"]))
            diff_ids = config["rootfs"]["diff_ids"]
            layers = [
                originals.get(diff_id) or _layer(whole, name, diff_id, store, compression, latest)
                for diff_id, name in zip(diff_ids, said["Layers"], strict=True)
            ]
    except (tarfile.TarError, ValueError, KeyError, TypeError) as error:
        raise StrataError(f"the built image cannot be read: {error}", "Update Docker.") from error
    config["rootfs"]["diff_ids"] = [held.layer.diff_id for held in layers]
    if latest is not None:
        for dated in (config, *(config.get("history") or [])):
            dated["created"] = _not_after(latest, str(dated.get("created", "")))
    return Base(config, layers)


def _not_after(latest: int, said: str) -> str:
    try:
        if _seconds(said) <= latest:
            return said
    except ValueError:
        pass
    return datetime.fromtimestamp(latest, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _seconds(said: str) -> int:
    return int(datetime.fromisoformat(said).timestamp())


def _member(whole: tarfile.TarFile, name: str) -> bytes:
    handle = whole.extractfile(name)
    if handle is None:
        raise ValueError(f"{name} is no file")
    with handle:
        return handle.read()


def _layer(
    whole: tarfile.TarFile,
    name: str,
    diff_id: str,
    store: BlobStore,
    compression: str,
    latest: int | None,
) -> Held:
    handle = whole.extractfile(name)
    if handle is None:
        raise ValueError(f"{name} is no file")
    with handle, store.new() as file:
        found = hashlib.file_digest(archive.plain(handle), "sha256")  # type: ignore[arg-type]
        if f"sha256:{found.hexdigest()}" != diff_id:
            raise ValueError(f"{name} is not what it is said to be")
        handle.seek(0)
        blob = archive.repack(handle, file, compression, latest)
        store.take(file, blob.digest)
    about = Descriptor(blob.media_type, blob.digest, blob.size)
    return Held(ImageLayer(about.as_json, blob.diff_id))
