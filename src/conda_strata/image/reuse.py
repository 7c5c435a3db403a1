"""Layers that are somewhere already: in images of a registry, or in this machine's store."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from conda_strata.core.log import logger
from conda_strata.image import oci_image
from conda_strata.image.blobs import BlobStore
from conda_strata.image.oci_image import ImageLayer
from conda_strata.registry.documents import Descriptor
from conda_strata.registry.repository import Repository

_log = logger(__name__)

_AT_ONCE = 8
"""Requests to a registry."""


@dataclass(frozen=True)
class Held:
    """A layer and the repository that has it; None for this machine's store."""

    layer: ImageLayer
    source: Repository | None = None

    @property
    def descriptor(self) -> Descriptor:
        """What names its blob."""
        return Descriptor.of(self.layer.descriptor)


def known(
    keys: Iterable[str], subdir: str, store: BlobStore, sources: Sequence[tuple[Repository, str]]
) -> dict[str, list[Held]]:
    """Return key to the layers that are somewhere, best first, for those *keys* that are."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        kept = zip(keys, pool.map(store.layers, keys), strict=True)
    found = {key: [Held(layer) for layer in layers] for key, layers in kept}
    for source, tag in sources:
        try:
            image = oci_image.find(source, tag, subdir)
        except oci_image.NoImageError as error:
            _log.info("%s, so nothing of it is used again", error.what)
            continue
        for layer in image.reusable if image else ():
            if layer.key in found:
                found[layer.key].append(Held(layer, source))
    return {key: layers for key, layers in found.items() if layers}


def _present(keys: Mapping[int, str], there: Mapping[str, Sequence[Held]]) -> dict[int, Held]:
    """Return slot to layer where there is one whose companions are there, too."""
    wanted = frozenset(keys.values())
    found: dict[str, Held] = {}
    for key in wanted & there.keys():
        fitting = [held for held in there[key] if held.layer.companions <= wanted]
        if fitting:
            found[key] = max(fitting, key=lambda held: len(held.layer.companions))
    while True:
        odd = {
            key
            for key, held in found.items()
            for group in [held.layer.companions | {key}]
            if any(p not in found or found[p].layer.companions | {p} != group for p in group)
        }
        if not odd:
            break
        found = {key: held for key, held in found.items() if key not in odd}
    return {slot: found[key] for slot, key in keys.items() if key in found}


def verified(keys: Mapping[int, str], there: Mapping[str, Sequence[Held]]) -> dict[int, Held]:
    """Return slot to layer, where its registry holds it as the manifest describes it."""

    def is_held(held: Held) -> bool:
        return held.source is None or held.source.holds(held.descriptor)

    while True:
        present = _present(keys, there)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            sound = dict(zip(present, pool.map(is_held, present.values()), strict=True))
        lost = [held for slot, held in present.items() if not sound[slot]]
        if not lost:
            return present
        for held in lost:
            name = held.source.name if held.source else ""
            _log.warning(
                "%s@%s is not what its manifest says, and is made again",
                name,
                held.descriptor.digest,
            )
        there = {key: [one for one in layers if one not in lost] for key, layers in there.items()}
