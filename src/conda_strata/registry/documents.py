"""JSON documents of a registry, and what names them: read with limits, and believed in nothing."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, Self

LIMIT = 4 << 20
"""Bytes that a manifest or config may have: what registries themselves accept of manifests."""

DEPTH = 64
"""Levels that a document may have; those of images have five."""

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Descriptor:
    """What a document says of another, or of a blob: enough to check it."""

    media_type: str
    digest: str
    size: int

    @classmethod
    def of(cls, said: object) -> Self:
        """Read it as a manifest has it.

        Raises
        ------
        ValueError
            When it names no SHA-256, size or type.
        """
        said = said if isinstance(said, Mapping) else {}
        kind, digest, size = said.get("mediaType"), said.get("digest"), said.get("size")
        if not isinstance(kind, str) or not is_digest(digest):
            raise ValueError("no type or SHA-256 in a descriptor")
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            raise ValueError("no size in a descriptor")
        return cls(kind, str(digest), size)

    @property
    def as_json(self) -> dict[str, Any]:
        """As a manifest has it."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": self.size}


@dataclass(frozen=True)
class Document:
    """A manifest or index as it lies in the registry.

    Attributes
    ----------
    content
        The JSON document.
    media_type, digest, size
        As a descriptor names it.
    """

    content: Mapping[str, Any]
    media_type: str
    digest: str
    size: int


def is_digest(text: object) -> bool:
    """Tell whether *text* is a digest that can be checked: a SHA-256."""
    return isinstance(text, str) and bool(_DIGEST.fullmatch(text))


def digest_of(data: bytes) -> str:
    """Return the digest of *data*."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def encode(content: Mapping[str, Any]) -> bytes:
    """Return the bytes of a document that is written."""
    return json.dumps(content, separators=(",", ":"), sort_keys=True).encode()


def parse(data: bytes) -> Any:
    """Read JSON that a stranger wrote.

    Raises
    ------
    ValueError
        When it is none, or deeper than any document of an image.
    """
    try:
        found = json.loads(data, parse_constant=_no_constant)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    level, depth = [found], 0
    while level := [inner for one in level for inner in _inside(one)]:
        depth += 1
        if depth > DEPTH:
            raise ValueError("nested too deep")
    return found


def _inside(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
