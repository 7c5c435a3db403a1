"""Image registries: manifests and blobs of a repository, read and written.

See https://github.com/opencontainers/distribution-spec/blob/main/spec.md.
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import oras.container

from conda_strata.core.errors import NetworkError, UsageError
from conda_strata.registry.client import DOCKER_HUB, Client

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"

_ACCEPTED = f"{INDEX}, {MANIFEST}, {DOCKER_INDEX}, {DOCKER_MANIFEST}"
_DOCKER_HUB = {"docker.io": DOCKER_HUB, "index.docker.io": DOCKER_HUB}
_REFERENCE = re.compile(r"[\w.:\[\]-]+(/[\w.-]+)+(:[\w.-]+)?(@sha256:[0-9a-f]{64})?")


class _Body:
    """A file to send, block by block, as often as it is asked for."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __len__(self) -> int:
        return self._file.stat().st_size

    def __iter__(self) -> Iterator[bytes]:
        with self._file.open("rb") as handle:
            while block := handle.read(1 << 20):
                yield block


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


class Repository:
    """One repository of a registry, such as ``ghcr.io/owner/project``.

    Parameters
    ----------
    reference
        Name of an image; a tag or digest is kept as `tag`.

    Raises
    ------
    UsageError
        When the reference is none.
    """

    def __init__(self, reference: str) -> None:
        whole = _whole(reference)
        self.container = oras.container.Container(whole)
        self.name = whole.partition("@")[0]
        self.tag = self.container.digest or self.container.tag
        if not self.container.digest and ":" in self.name.rpartition("/")[2]:
            self.name = self.name.rpartition(":")[0]
        self._client = Client(self.container, self.name)

    def get(self, reference: str) -> Document | None:
        """Return the manifest or index under a tag or digest; None where there is none.

        Raises
        ------
        NetworkError
            When the answer is no manifest, or not the one that *reference* is the digest of.
        """
        url = self.container.manifest_url(reference)
        answer = self._client.request("GET", url, headers={"Accept": _ACCEPTED}, absent=(404,))
        if answer.status_code == 404:
            return None
        digest = f"sha256:{hashlib.sha256(answer.content).hexdigest()}"
        if reference.startswith("sha256:") and reference != digest:
            raise NetworkError(
                f"{self.name}@{reference}: the registry answered with {digest}",
                "Nothing of it was used. Check the registry, or name another digest.",
            )
        try:
            content = answer.json()
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise NetworkError(
                f"{self.name}:{reference}: the registry's answer is no manifest",
                "Check the image's name and the registry.",
            )
        media_type = answer.headers.get("Content-Type", MANIFEST).partition(";")[0]
        return Document(content, media_type, digest, len(answer.content))

    def put(self, content: Mapping[str, Any], reference: str | None = None) -> Document:
        """Write a manifest or index, under *reference* or its digest alone."""
        data = json.dumps(content, separators=(",", ":")).encode()
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        url = self.container.manifest_url(reference or digest)
        self._client.request("PUT", url, headers={"Content-Type": content["mediaType"]}, data=data)
        return Document(content, content["mediaType"], digest, len(data))

    def blob(self, digest: str) -> bytes:
        """Return a small blob, such as a config.

        Raises
        ------
        NetworkError
            When it is not what its digest says.
        """
        data = self._client.request("GET", self.container.get_blob_url(digest)).content
        if f"sha256:{hashlib.sha256(data).hexdigest()}" != digest:
            raise NetworkError(f"{self.name}@{digest}: the answer is damaged", "Repeat.")
        return data

    def has(self, digest: str) -> bool:
        """Tell whether there is a blob of that digest."""
        url = self.container.get_blob_url(digest)
        return self._client.request("HEAD", url, absent=(404,)).ok

    def upload(self, file: Path, digest: str) -> None:
        """Add a blob; what is there already is not sent again."""
        if self.has(digest):
            return
        started = self._client.request("POST", self.container.upload_blob_url())
        url = self._client.location(started)
        url += f"{'&' if '?' in url else '?'}digest={digest}"
        kind = {"Content-Type": "application/octet-stream"}
        self._client.request("PUT", url, headers=kind, data=_Body(file))

    def copy(self, digest: str, source: Repository) -> None:
        """Add a blob of another repository: mounted within a registry, else by way of here."""
        if source.name == self.name or self.has(digest):
            return
        if source.container.registry == self.container.registry:
            origin = source.container.api_prefix
            url = f"{self.container.upload_blob_url()}?mount={digest}&from={origin}"
            if self._client.request("POST", url).status_code == 201:
                return
        with tempfile.NamedTemporaryFile() as file:
            url = source.container.get_blob_url(digest)
            hashed = hashlib.sha256()
            for chunk in source._client.request("GET", url, stream=True).iter_content(1 << 20):
                file.write(chunk)
                hashed.update(chunk)
            file.flush()
            if f"sha256:{hashed.hexdigest()}" != digest:
                raise NetworkError(f"{source.name}@{digest}: the answer is damaged", "Repeat.")
            self.upload(Path(file.name), digest)


def _whole(reference: str) -> str:
    """Return a reference with its host, as Docker completes it."""
    if not _REFERENCE.fullmatch(reference) and not re.fullmatch(r"[\w.:@-]+", reference):
        raise UsageError(f"{reference!r} is no image", "Name one as in ghcr.io/owner/project:tag.")
    host, slash, rest = reference.partition("/")
    if not slash or not re.search(r"[.:]|^localhost$", host):
        host, rest = "docker.io", reference if slash else f"library/{reference}"
    return f"{_DOCKER_HUB.get(host, host)}/{rest}"
