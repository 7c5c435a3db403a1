"""Composed images, into a registry."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from conda_strata.image import oci_image
from conda_strata.image.blobs import BlobStore
from conda_strata.image.compose import Base, Composed
from conda_strata.image.reuse import Held
from conda_strata.registry import documents
from conda_strata.registry.documents import MANIFEST, Document
from conda_strata.registry.repository import Repository


def push(target: Repository, tag: str, images: Sequence[Composed], store: BlobStore) -> Document:
    """Push the images of all platforms under one tag, and return what has it.

    Raises
    ------
    NetworkError
        When the registry cannot be reached or refuses.
    """
    for one in images:
        send(target, one.layers, store)
        target.upload(store.path(store.add(one.config)), documents.digest_of(one.config))
    if len(images) > 1:
        for one in images:
            target.put(one.manifest)
    return target.put(top(images), tag)


def top(images: Sequence[Composed]) -> bytes:
    """Return what a tag stands for: the manifest of one platform, or the index of several."""
    return index(images) if len(images) > 1 else images[0].manifest


def digest(images: Sequence[Composed]) -> str:
    """Return the digest that a registry has the images under."""
    return documents.digest_of(top(images))


def index(images: Sequence[Composed]) -> bytes:
    """Return the index of several platforms' images."""
    described = {one.subdir: described_by(one) for one in images}
    return documents.encode(oci_image.index(described))


def described_by(one: Composed) -> Document:
    """Return an image's manifest as a document."""
    return Document(documents.parse(one.manifest), MANIFEST, one.digest, len(one.manifest))


def send(target: Repository, layers: Sequence[Held], store: BlobStore) -> None:
    """Push layers; what is there is not sent again, and what a registry has is copied there."""

    def one(held: Held) -> None:
        if held.source is not None and not store.holds(held.descriptor):
            target.copy(held.descriptor, held.source)
        else:
            target.upload(store.fetch(held.descriptor, held.source), held.descriptor.digest)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(one, layers))


def plain(subdir: str, base: Base) -> Composed:
    """Return a base as an image of its own."""
    config = documents.encode(base.config)
    layers = [held.layer for held in base.layers]
    manifest = documents.encode(oci_image.manifest(config, layers, base.annotations))
    return Composed(subdir, manifest, config, base.layers)
