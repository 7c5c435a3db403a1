"""Files that more than one package owns.

One on top of the other, the layers of an image cannot settle them as an installer does, so such
packages share a layer. A layer that was made before is not linked again to find out: what it
*claims* is kept with it in the image's manifest, a few bytes for each folder that is its alone and
for each of its files elsewhere. A new file below a claim may collide; then that layer is made
again together with the new one.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rattler import RepoDataRecord

from conda_strata.image.plan import Layer
from conda_strata.lock.model import identity

_DIGITS = 4
"""Bytes of a claim. Two paths that differ have the same one by chance in 2³² cases; then a layer
is made again that need not be."""


def together(layers: Sequence[Layer], prefix: Path) -> list[Layer]:
    """Return *layers* with packages that own the same file moved into the slot of the biggest.

    Parameters
    ----------
    layers
        What is linked at *prefix*.
    prefix
        The environment. rattler notes the original path of a file that had to make way.
    """
    records = {r.name.normalized: r for layer in layers for r in layer.records}
    slots = {r.name.normalized: layer.slot for layer in layers for r in layer.records}
    for group in _groups(records, prefix):
        biggest = min(group, key=lambda name: (-(records[name].size or 0), name))
        slots.update(dict.fromkeys(group, slots[biggest]))
    return [
        replace(layer, records=tuple(records[n] for n in sorted(slots) if slots[n] == layer.slot))
        for layer in layers
    ]


def _groups(records: Mapping[str, RepoDataRecord], prefix: Path) -> Iterator[set[str]]:
    owners: dict[str, set[str]] = {}
    contested: set[str] = set()
    for name, record in records.items():
        described = json.loads((prefix / f"conda-meta/{identity(record)}.json").read_text("utf-8"))
        for path in described["paths_data"]["paths"]:
            owners.setdefault(path.get("original_path") or path["_path"], set()).add(name)
            if path.get("original_path"):
                contested.add(path["original_path"])
    group_of: dict[str, set[str]] = {}
    for path in sorted(contested):
        merged = set().union(*(group_of.get(name, {name}) for name in owners[path]))
        group_of.update(dict.fromkeys(merged, merged))
    for name, group in sorted(group_of.items()):
        if name == min(group):
            yield group


def claims(paths: Mapping[int, Iterable[str]], others: frozenset[bytes]) -> dict[int, set[bytes]]:
    """Return slot to what it claims: the topmost folders that are its alone, and other files.

    Parameters
    ----------
    paths
        Slot to the paths of its files.
    others
        Claims of the layers that are not among *paths*.
    """
    owner: dict[str, int | None] = {}
    for slot, files in paths.items():
        for path in files:
            for folder in _folders(path):
                if owner.setdefault(folder, slot) != slot:
                    owner[folder] = None
    found: dict[int, set[bytes]] = {}
    for slot, files in paths.items():
        alone = {folder for folder, one in owner.items() if one == slot}
        alone -= {folder for folder in alone if _claim(folder) in others}
        found[slot] = {
            _claim(next((folder for folder in _folders(path) if folder in alone), path))
            for path in files
        }
    return found


def touches(paths: Iterable[str], claimed: frozenset[bytes]) -> bool:
    """Tell whether one of *paths* may be a file of the layer that claims *claimed*."""
    return any(_claim(part) in claimed for path in paths for part in (*_folders(path), path))


def encode(claimed: Iterable[bytes]) -> str:
    """Return claims as an annotation's text."""
    return base64.b64encode(b"".join(sorted(claimed))).decode()


def decode(text: str) -> frozenset[bytes]:
    """Return the claims that an annotation holds."""
    data = base64.b64decode(text)
    return frozenset(data[i : i + _DIGITS] for i in range(0, len(data), _DIGITS))


def _folders(path: str) -> Iterator[str]:
    position = path.find("/")
    while position > 0:
        yield path[:position]
        position = path.find("/", position + 1)


def _claim(path: str) -> bytes:
    return hashlib.blake2b(path.encode(), digest_size=_DIGITS).digest()
