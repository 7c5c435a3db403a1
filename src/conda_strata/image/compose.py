"""An image of a base and an environment's layers, as documents and blobs that lie somewhere.

What ``COPY --link`` does for each layer of a Dockerfile, without a builder: a layer that an image in
a registry has, or that this machine has made before, is named in the new manifest, and nothing of it
is downloaded, linked or packed. Only the others are made. Nothing in the documents tells where or
when that was, so the same lock on the same base is the same image everywhere.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from rattler import InstallerReporter

from conda_strata.core.log import logger
from conda_strata.image import archive, collisions, oci_image, reuse
from conda_strata.image.blobs import BlobStore
from conda_strata.image.contents import Contents, linked
from conda_strata.image.layer_set import LayerSet
from conda_strata.image.oci_image import ImageLayer
from conda_strata.image.plan import stacked
from conda_strata.image.reuse import Held
from conda_strata.registry import documents
from conda_strata.registry.documents import Descriptor
from conda_strata.registry.repository import Repository

_log = logger(__name__)


@dataclass(frozen=True)
class Base:
    """The image below an environment, for one platform."""

    config: Mapping[str, Any]
    layers: Sequence[Held]
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Composed:
    """One platform's image.

    Attributes
    ----------
    subdir
        The platform.
    manifest, config
        Its documents.
    layers
        The base's and the environment's, lowest first.
    made, kept
        Number of the environment's layers that were made, and that were there already.
    new_bytes
        Compressed size of those made.
    """

    subdir: str
    manifest: bytes
    config: bytes
    layers: Sequence[Held]
    made: int = 0
    kept: int = 0
    new_bytes: int = 0

    @property
    def digest(self) -> str:
        """Of the manifest."""
        return documents.digest_of(self.manifest)

    @property
    def bytes(self) -> int:
        """Compressed size of all layers."""
        return sum(held.descriptor.size for held in self.layers)


OnMade = Callable[[Descriptor], object]


def compose(
    base: Base,
    wanted: LayerSet,
    store: BlobStore,
    *,
    sources: Sequence[tuple[Repository, str]] = (),
    compression: str = archive.ZSTD,
    about: Mapping[str, str] | None = None,
    on_made: OnMade | None = None,
    reporter: InstallerReporter | None = None,
) -> Composed:
    """Return an image of *base* and the layers of *wanted*, of which it makes the missing ones.

    Parameters
    ----------
    base
        The image below.
    wanted
        The environment.
    store
        Where layers that are made are put.
    sources
        Images, as repository and tag, whose layers can be used again; besides those of the store.
    compression
        Of the layers that are made: ``zstd`` or ``gzip``.
    about
        Annotations and labels of the image.
    on_made
        Called with each layer that was made, from several threads.
    reporter
        Called with each download and link.

    Raises
    ------
    NetworkError
        When a registry or a channel cannot be reached.
    """
    keys = {layer.slot: f"{wanted.key(layer)}.{compression}" for layer in wanted.layers}
    known = reuse.known(keys.values(), wanted.subdir, store, sources)
    found, made = _layers(wanted, keys, known, store, compression, on_made, reporter)
    titles = {layer.slot: _title(layer.id) for layer in wanted.layers}
    layers = [
        replace(found[layer.slot], layer=replace(found[layer.slot].layer, title=titles[layer.slot]))
        for layer in stacked(wanted.layers)
    ]
    whole = [*base.layers, *layers]
    notes = {**base.annotations, **(about or {})}
    appended = oci_image.append(base.config, [held.layer for held in layers], notes)
    config = documents.encode(appended)
    manifest = oci_image.manifest(config, [held.layer for held in whole], notes)
    new = sum(found[slot].descriptor.size for slot in made)
    kept = len(layers) - len(made)
    encoded = documents.encode(manifest)
    return Composed(wanted.subdir, encoded, config, whole, len(made), kept, new)


def _layers(
    wanted: LayerSet,
    keys: Mapping[int, str],
    known: Mapping[str, Sequence[Held]],
    store: BlobStore,
    compression: str,
    on_made: OnMade | None,
    reporter: InstallerReporter | None,
) -> tuple[dict[int, Held], set[int]]:
    """Return slot to layer, and which of them were made."""
    present = reuse.verified(keys, known)
    missing = keys.keys() - present.keys()
    made: dict[int, Held] = {}
    while missing:
        chosen = replace(wanted, layers=[x for x in wanted.layers if x.slot in missing])
        with linked(chosen, reporter=reporter) as contents:
            paths = [entry.path for entries in contents.entries.values() for entry in entries]
            touched = {
                slot
                for slot, held in present.items()
                if slot not in missing and collisions.touches(paths, held.layer.claims)
            }
            if touched:
                missing |= touched
                continue
            _log.info("%s: packing %d layers", wanted.subdir, len(contents.entries))
            made = _make(wanted, contents, keys, store, compression, on_made)
            break
    return {slot: held for slot, held in present.items() if slot not in missing} | made, set(made)


def _make(
    wanted: LayerSet,
    contents: Contents,
    keys: Mapping[int, str],
    store: BlobStore,
    compression: str,
    on_made: OnMade | None,
) -> dict[int, Held]:
    """Pack the layers of *contents*, one per processor at a time."""

    def make(slot: int) -> Held:
        entries = contents.entries[slot]
        with store.new() as file:
            blob = archive.pack(entries, wanted.prefix, file, compression)
            store.take(file, blob.digest)
        claimed = collisions.claims(entry.path for entry in entries)
        notes = {oci_image.KEY: keys[slot], oci_image.CLAIMS: collisions.encode(claimed)}
        companions = sorted(keys[one] for one in contents.tied.get(slot, ()) if one != slot)
        if companions:
            notes[oci_image.COMPANIONS] = ",".join(companions)
        about = Descriptor(blob.media_type, blob.digest, blob.size)
        layer = ImageLayer({**about.as_json, "annotations": notes}, blob.diff_id)
        store.keep(layer)
        if on_made:
            on_made(about)
        return Held(layer)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip(contents.entries, pool.map(make, contents.entries), strict=True))


def _title(slot: str) -> str:
    return f"strata: layer {slot} of the environment"
