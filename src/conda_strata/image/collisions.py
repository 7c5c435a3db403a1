"""Files that more than one package owns.

One on top of the other, the layers of an image cannot settle them as an installer does, so such
packages share a layer. A layer that was made before is not linked again to find out: what it
*claims* is kept with it in the image's manifest, a few bytes for each folder of a package and for
each of its files elsewhere. A new file below a claim may collide; then that layer is made again
together with the new one.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rattler import RepoDataRecord

from conda_strata.image.plan import Layer
from conda_strata.lock.model import identity

_DIGITS = 4
"""Bytes of a claim. Two paths that differ have the same one by chance in 2³² cases; then a layer
is made again that need not be."""

_COMMON = re.compile(
    r"(?:bin|sbin|etc|include|lib|libexec|man|share|var|conda-meta|Library|Scripts)"
    r"|etc/(?:conda|jupyter|fonts|xdg)(?:/.*)?"
    r"|lib/(?:cmake|pkgconfig|python[^/]*(?:/site-packages(?:/(?:__pycache__|google))?)?|R(?:/library)?)"
    r"|share/(?:doc|icons|info|jupyter|licenses|locale|man|applications|metainfo)(?:/.*)?"
)
"""Folders that packages share."""


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


def claims(paths: Iterable[str]) -> set[bytes]:
    """Return what a layer claims: a function of its own files, so that it is the same everywhere.

    For each file, that is its topmost folder that is hardly ever of several packages, else the file.
    """
    return {
        _claim(next((f for f in _folders(path) if not _COMMON.fullmatch(f)), path))
        for path in paths
    }


def tied(before: Sequence[Layer], after: Sequence[Layer]) -> dict[int, frozenset[int]]:
    """Return slot to the slots that it shares files with, where `together` moved packages."""
    old = {r.name.normalized: layer.slot for layer in before for r in layer.records}
    groups: dict[int, frozenset[int]] = {}
    for layer in after:
        for record in layer.records:
            pair = (layer.slot, old[record.name.normalized])
            if pair[0] != pair[1]:
                merged = frozenset(pair).union(*(groups.get(slot, ()) for slot in pair))
                groups.update(dict.fromkeys(merged, merged))
    return groups


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
