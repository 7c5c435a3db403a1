"""The documents of an image: layers appended to those of a base image.

See https://github.com/opencontainers/image-spec/blob/main/manifest.md and …/config.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from conda_strata.core.errors import NetworkError
from conda_strata.image import collisions
from conda_strata.registry import documents
from conda_strata.registry.documents import CONFIG, INDEX, MANIFEST, Descriptor, Document
from conda_strata.registry.repository import Repository
from conda_strata.spec import platforms

KEY = "io.github.leej3.conda-strata.key"
"""Annotation of a layer: a hash over all that decides its bytes."""

CLAIMS = "io.github.leej3.conda-strata.claims"
"""Annotation of a layer: the files that are its own; see :mod:`conda_strata.image.collisions`."""

COMPANIONS = "io.github.leej3.conda-strata.companions"
"""Annotation of a layer: keys of the layers that it shares packages' files with."""

_DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar"
_LAYER = "application/vnd.oci.image.layer.v1.tar"
_OUR_KEY = re.compile(r"[0-9a-f]{64}\.(zstd|gzip)")
"""What decides a layer's bytes, as a hash, and how they are compressed."""


class NoImageError(NetworkError):
    """What a registry has under a name is no image, or a damaged one."""


@dataclass(frozen=True)
class ImageLayer:
    """A layer that is in a registry.

    Attributes
    ----------
    descriptor
        Its entry in a manifest, annotations included.
    diff_id
        Digest of the archive before compression.
    title
        What the image's history says of it.
    """

    descriptor: Mapping[str, Any]
    diff_id: str
    title: str = ""

    @property
    def key(self) -> str:
        """What decides its bytes; "" for a layer that is no environment's."""
        return str(_annotations(self.descriptor).get(KEY, ""))

    @property
    def claims(self) -> frozenset[bytes]:
        """What files are its own."""
        return collisions.decode(_annotations(self.descriptor).get(CLAIMS, ""))

    @property
    def companions(self) -> frozenset[str]:
        """Keys of the layers without which it is not what its key says.

        A package with a file that another one has, too, lies in the layer of the bigger one.
        """
        said = str(_annotations(self.descriptor).get(COMPANIONS, ""))
        return frozenset(said.split(",")) - {""}


@dataclass(frozen=True)
class Image:
    """One platform's image: its manifest and config."""

    manifest: Document
    config: Mapping[str, Any]

    @property
    def layers(self) -> list[ImageLayer]:
        """Its layers, lowest first."""
        diff_ids = self.config["rootfs"]["diff_ids"]
        pairs = zip(self.manifest.content["layers"], diff_ids, strict=True)
        return [ImageLayer(descriptor, diff_id) for descriptor, diff_id in pairs]

    @property
    def reusable(self) -> list[ImageLayer]:
        """The layers of environments, with nothing but what strata says of one.

        Whatever else a stranger wrote there, such as another place to get the layer from, is left.
        """
        found = []
        for layer in self.layers:
            about = Descriptor.of(layer.descriptor)
            ours = _OUR_KEY.fullmatch(layer.key)
            if ours and about.media_type == f"{_LAYER}+{ours[1]}":
                said = _annotations(layer.descriptor)
                notes = {name: said[name] for name in (KEY, CLAIMS, COMPANIONS) if name in said}
                found.append(replace(layer, descriptor={**about.as_json, "annotations": notes}))
        return found


def find(repository: Repository, reference: str, subdir: str) -> Image | None:
    """Return the image under a tag or digest for a platform; None where there is none.

    Raises
    ------
    NoImageError
        When something else is there.
    NetworkError
        When the registry cannot be asked.
    """
    named = platforms.docker(subdir)
    try:
        document = repository.get(reference)
        if document and "manifests" in document.content:
            document = _child(repository, document, named)
        if document is None:
            return None
        config = documents.parse(repository.blob(Descriptor.of(document.content["config"])))
        if _platform(config) != named:
            return None
        found = Image(document, config)
        _require_consistent(found)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise NoImageError(
            f"{repository.name}:{reference} is no image", "Delete or push it again."
        ) from error
    return found


def _child(repository: Repository, index: Document, named: str) -> Document | None:
    """Return the manifest for a platform, as the index describes it."""
    if "layers" in index.content or "config" in index.content:
        raise ValueError("an index and a manifest in one")
    said = index.content["manifests"]
    child = next((one for one in said if _platform(one.get("platform") or {}) == named), None)
    return repository.get(Descriptor.of(child)) if child else None


def _require_consistent(image: Image) -> None:
    """Refuse an image that later steps would trip over, or whose parts do not belong together."""
    if "manifests" in image.manifest.content:
        raise ValueError("an index and a manifest in one")
    for layer in image.layers:
        Descriptor.of(layer.descriptor)
        if not documents.is_digest(layer.diff_id):
            raise ValueError("a layer without a SHA-256 of its content")
        _ = layer.key, layer.claims, layer.companions
    if not isinstance(image.config.get("history") or [], list):
        raise TypeError("a history that is no list")
    inner = image.config.get("config") or {}
    if not isinstance(inner, dict):
        raise TypeError("settings that are no object")
    for name, kind in (("Labels", dict), ("Env", list), ("Entrypoint", list), ("Cmd", list)):
        if not isinstance(inner.get(name) or kind(), kind):
            raise TypeError(f"a value of {name} that is no {kind.__name__}")


def append(
    config: Mapping[str, Any], layers: Sequence[ImageLayer], labels: Mapping[str, str]
) -> dict[str, Any]:
    """Return the *config* of a base image with *layers* on top, and *labels* besides its own."""
    created = config.get("created")
    history = [
        {"created_by": layer.title, "comment": "conda-strata"}
        | ({"created": created} if created else {})
        for layer in layers
    ]
    diff_ids = [*config["rootfs"]["diff_ids"], *(layer.diff_id for layer in layers)]
    inner = config.get("config") or {}
    said = {"Labels": {**(inner.get("Labels") or {}), **labels}} if labels else {}
    return {
        **config,
        "config": {**inner, **said},
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
        "history": [*(config.get("history") or []), *history],
    }


def manifest(
    config: bytes, layers: Iterable[ImageLayer], annotations: Mapping[str, str]
) -> dict[str, Any]:
    """Return the manifest of an image."""
    return {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {
            "mediaType": CONFIG,
            "digest": documents.digest_of(config),
            "size": len(config),
        },
        "layers": [_as_oci(layer.descriptor) for layer in layers],
        "annotations": dict(annotations),
    }


def index(images: Mapping[str, Document]) -> dict[str, Any]:
    """Return the index of several platforms' images, by subdir."""
    manifests = []
    for subdir, document in sorted(images.items()):
        system, architecture = platforms.docker(subdir).split("/")
        manifests.append(
            {
                "mediaType": document.media_type,
                "digest": document.digest,
                "size": document.size,
                "platform": {"os": system, "architecture": architecture},
            }
        )
    return {"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}


def _annotations(descriptor: Mapping[str, Any]) -> Mapping[str, Any]:
    return descriptor.get("annotations") or {}


def _platform(said: Mapping[str, Any]) -> str:
    return f"{said.get('os')}/{said.get('architecture')}"


def _as_oci(descriptor: Mapping[str, Any]) -> dict[str, Any]:
    kind = descriptor["mediaType"]
    if kind.startswith(_DOCKER_LAYER):
        kind = _LAYER + kind.removeprefix(_DOCKER_LAYER).replace(".", "+")
    return {**descriptor, "mediaType": kind}
