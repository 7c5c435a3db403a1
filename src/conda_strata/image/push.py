"""An environment's layers, straight into a registry, on top of a base image.

What ``COPY --link`` does for each layer of a Dockerfile, without a builder: a layer that an image in
the registry has is named in the new manifest, and nothing of it is downloaded, linked, packed or
sent. Only the others are made.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from rattler import InstallerReporter

from conda_strata.core.errors import NetworkError
from conda_strata.image import archive, collisions
from conda_strata.image import oci_image as image
from conda_strata.image.contents import Entry, linked
from conda_strata.image.layer_set import LayerSet
from conda_strata.image.oci_image import Image, ImageLayer
from conda_strata.image.plan import stacked
from conda_strata.registry.documents import Descriptor, Document
from conda_strata.registry.repository import Repository

_log = logging.getLogger(__name__)

_AT_ONCE = 8


@dataclass(frozen=True)
class Pushed:
    """What is in the registry now.

    Attributes
    ----------
    digest
        Of the image, or of the index where it is for several platforms.
    made, kept
        Number of the environment's layers that were made, and that were there already.
    bytes, new_bytes
        Compressed size of all layers, the base's included, and of those made.
    """

    digest: str
    made: int
    kept: int
    bytes: int
    new_bytes: int


def push(
    target: Repository,
    base: Repository,
    wanted: Sequence[LayerSet],
    *,
    sources: Sequence[Repository] = (),
    compression: str = archive.ZSTD,
    reporter: InstallerReporter | None = None,
) -> Pushed:
    """Make an image of *base* and the environment's layers, and push it.

    Parameters
    ----------
    target
        Where to, with the tag to give.
    base
        The image below: for each platform.
    wanted
        The environment, for each platform.
    sources
        Images whose layers can be used again.
    compression
        Of the layers that are made: ``zstd`` or ``gzip``.
    reporter
        Called with each download and link.

    Raises
    ------
    NetworkError
        When the registry or a channel cannot be reached, refuses, or lacks the base image.
    """
    documents: dict[str, Document] = {}
    made, kept, total, new = 0, 0, 0, 0
    for one in wanted:
        below = image.find(base, base.tag, one.subdir)
        if below is None:
            raise NetworkError(
                f"{base.name}:{base.tag} is not there for {one.subdir}",
                "Check the name after --base; a base image is built and pushed first.",
            )
        for layer in below.layers:
            target.copy(Descriptor.of(layer.descriptor), base)
        layers, fresh = _layers(target, one, sources, compression, reporter)
        documents[one.subdir] = _write(target, base, below, layers)
        made, kept = made + len(fresh), kept + len(layers) - len(fresh)
        new += sum(layers[slot].descriptor["size"] for slot in fresh)
        total += sum(part["size"] for part in documents[one.subdir].content["layers"])
    (single, *others) = documents.values()
    content = image.index(documents) if others else single.content
    return Pushed(target.put(content, target.tag).digest, made, kept, total, new)


def _layers(
    target: Repository,
    wanted: LayerSet,
    sources: Sequence[Repository],
    compression: str,
    reporter: InstallerReporter | None,
) -> tuple[dict[int, ImageLayer], set[int]]:
    """Return slot to layer, lowest first, all in the registry; and which of them were made."""
    keys = {layer.slot: f"{wanted.key(layer)}.{compression}" for layer in wanted.layers}
    known = {}
    for source in sources:
        try:
            found = image.find(source, source.tag, wanted.subdir)
        except image.NoImageError as error:
            _log.info("%s, so nothing of it is used again", error.what)
            continue
        if found:
            known.update({key: (one, source) for key, one in found.reusable.items()})
    present = _verified({slot: known[key] for slot, key in keys.items() if key in known})
    missing = keys.keys() - present.keys()
    while missing:
        chosen = replace(wanted, layers=[x for x in wanted.layers if x.slot in missing])
        with linked(chosen, reporter=reporter) as contents:
            paths = [entry.path for entries in contents.values() for entry in entries]
            touched = {
                slot
                for slot, (one, _) in present.items()
                if slot not in missing and collisions.touches(paths, one.claims)
            }
            if touched:
                missing |= touched
                continue
            held = [one.claims for slot, (one, _) in present.items() if slot not in missing]
            _log.info("%s: packing and pushing %d layers", wanted.subdir, len(contents))
            made = _make(target, wanted, contents, frozenset().union(*held), keys, compression)
            break
    else:
        made = {}
    kept = {slot: present[slot] for slot in keys.keys() - missing}
    for one, source in kept.values():
        target.copy(Descriptor.of(one.descriptor), source)
    titles = {layer.slot: _title(layer.id) for layer in wanted.layers}
    layers = made | {slot: replace(one, title=titles[slot]) for slot, (one, _) in kept.items()}
    return {layer.slot: layers[layer.slot] for layer in stacked(wanted.layers)}, set(made)


def _verified(
    found: Mapping[int, tuple[ImageLayer, Repository]],
) -> dict[int, tuple[ImageLayer, Repository]]:
    """Return the layers that their registries hold as the manifests describe them."""

    def is_held(slot: int) -> bool:
        layer, source = found[slot]
        return source.holds(Descriptor.of(layer.descriptor))

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        held = dict(zip(found, pool.map(is_held, found), strict=True))
    for slot in found.keys() - {slot for slot, there in held.items() if there}:
        layer, source = found[slot]
        _log.warning(
            "%s@%s is not what its manifest says, and is made again",
            source.name,
            layer.descriptor["digest"],
        )
    return {slot: one for slot, one in found.items() if held[slot]}


def _make(
    target: Repository,
    wanted: LayerSet,
    contents: Mapping[int, Sequence[Entry]],
    held: frozenset[bytes],
    keys: Mapping[int, str],
    compression: str,
) -> dict[int, ImageLayer]:
    """Pack and upload the layers of *contents*, one per processor at a time."""
    paths = {slot: [entry.path for entry in entries] for slot, entries in contents.items()}
    claimed = collisions.claims(paths, held)

    def make(slot: int) -> ImageLayer:
        file = Path(folder) / f"{slot:02}"
        blob = archive.pack(contents[slot], wanted.prefix, file, compression)
        target.upload(file, blob.digest)
        file.unlink()
        notes = {image.KEY: keys[slot], image.CLAIMS: collisions.encode(claimed[slot])}
        descriptor = {
            "mediaType": blob.media_type,
            "digest": blob.digest,
            "size": blob.size,
            "annotations": notes,
        }
        return ImageLayer(descriptor, blob.diff_id, _title(f"{slot:02}"))

    with (
        tempfile.TemporaryDirectory(prefix="strata-push-") as folder,
        ThreadPoolExecutor(os.cpu_count()) as pool,
    ):
        return dict(zip(contents, pool.map(make, contents), strict=True))


def _title(slot: str) -> str:
    return f"strata push: layer {slot} of the environment"


def _write(
    target: Repository, base: Repository, below: Image, layers: Mapping[int, ImageLayer]
) -> Document:
    config = image.append(below, list(layers.values()))
    data = json.dumps(config, separators=(",", ":"), sort_keys=True).encode()
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        target.upload(Path(file.name), digest)
    name = f"{base.name}:{base.tag}"
    return target.put(image.manifest(below, name, layers.values(), digest, len(data)))
