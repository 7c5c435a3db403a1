"""Image registries: manifests and blobs of a repository, read and written.

See https://github.com/opencontainers/distribution-spec/blob/main/spec.md.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from conda_strata.core.errors import NetworkError
from conda_strata.registry import documents
from conda_strata.registry.auth import TokenRefusedError
from conda_strata.registry.client import Client
from conda_strata.registry.documents import (
    DOCKER_INDEX,
    DOCKER_MANIFEST,
    INDEX,
    MANIFEST,
    Descriptor,
    Document,
)
from conda_strata.registry.reference import Reference

_ACCEPTED = f"{INDEX}, {MANIFEST}, {DOCKER_INDEX}, {DOCKER_MANIFEST}"
_REFUSED = (400, 415, 422)
"""Codes for a manifest that a registry does not understand."""

_NO_MOUNT = (400, 403, 404, 405, 415, 501)
"""Codes of registries that do not mount blobs of other repositories, or not of this one."""


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


class Repository:
    """One repository of a registry, such as ``ghcr.io/owner/project``.

    Parameters
    ----------
    name
        Name of an image; a tag or digest is kept as `tag`.
    login
        Whether to use a login that is kept, or to be anybody.
    timeout
        Seconds to wait for a server that says nothing; None for the user's own setting.

    Raises
    ------
    UsageError
        When the name is none.
    """

    def __init__(self, name: str, *, login: bool = True, timeout: int | None = None) -> None:
        self.reference = Reference.parse(name)
        self.name = f"{self.reference.host}/{self.reference.path}"
        self.tag = self.reference.digest or self.reference.tag
        self._client = Client(self.reference, self.name, login=login, timeout=timeout)
        self._pull = (f"repository:{self.reference.path}:pull",)
        self._push = (f"repository:{self.reference.path}:pull,push",)

    def get(self, reference: str | Descriptor) -> Document | None:
        """Return the manifest or index under a tag, a digest or a descriptor; None without one.

        Raises
        ------
        NetworkError
            When the answer is no manifest, or not the one that *reference* is the digest of.
        """
        named = reference if isinstance(reference, str) else reference.digest
        url = self.reference.url(f"manifests/{named}")
        answer = self._client.request(
            "GET", url, self._pull, headers={"Accept": _ACCEPTED}, absent=(404,)
        )
        if answer.code == 404:
            return None
        digest, size = documents.digest_of(answer.body), len(answer.body)
        if documents.is_digest(named) and named != digest:
            raise NetworkError(
                f"{self.name}@{named}: the registry answered with {digest}",
                "Nothing of it was used. Check the registry, or name another digest.",
            )
        if isinstance(reference, Descriptor) and reference.size != size:
            raise self._damaged(named)
        try:
            content = documents.parse(answer.body)
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise NetworkError(
                f"{self.name}:{named}: the registry's answer is no manifest",
                "Check the image's name and the registry.",
            )
        media_type = answer.headers.get("Content-Type", MANIFEST).partition(";")[0]
        return Document(content, media_type, digest, size)

    def ask(self) -> int:
        """Return the code that the registry answers to who asks for the image, once.

        Only the head of the manifest is asked for: Docker Hub counts anything else as a pull.

        Raises
        ------
        NetworkError
            When it answers with something that is not safe.
        requests.RequestException, OSError, ValueError
            When there is no answer.
        """
        url = self.reference.url(f"manifests/{self.tag}")
        try:
            return self._client.once("HEAD", url, self._pull, headers={"Accept": _ACCEPTED}).code
        except TokenRefusedError as error:
            return error.answer.code

    def put(self, content: Mapping[str, Any] | bytes, reference: str | None = None) -> Document:
        """Write a manifest or index, under *reference* or its digest alone.

        Raises
        ------
        NetworkError
            When the registry does not take it, or takes it for something else.
        """
        data = content if isinstance(content, bytes) else documents.encode(content)
        content = documents.parse(data) if isinstance(content, bytes) else content
        digest = documents.digest_of(data)
        kind = {"Content-Type": content["mediaType"]}
        url = self.reference.url(f"manifests/{reference or digest}")
        answer = self._client.request(
            "PUT", url, self._push, absent=_REFUSED, headers=kind, data=data
        )
        if answer.code in _REFUSED:
            raise self._refused(self._client.failure("PUT", answer), data)
        if answer.headers.get("Docker-Content-Digest", digest) != digest:
            raise self._damaged(digest)
        return Document(content, content["mediaType"], digest, len(data))

    def blob(self, wanted: Descriptor) -> bytes:
        """Return a small blob, such as a config.

        Raises
        ------
        NetworkError
            When it is not what it was asked by.
        """
        url = self.reference.url(f"blobs/{wanted.digest}")
        data = self._client.request("GET", url, self._pull).body
        if (documents.digest_of(data), len(data)) != (wanted.digest, wanted.size):
            raise self._damaged(wanted.digest)
        return data

    def has(self, digest: str) -> bool:
        """Tell whether there is a blob of that digest, before it would be written."""
        url = self.reference.url(f"blobs/{digest}")
        return self._client.request("HEAD", url, self._push, absent=(404,)).ok

    def holds(self, wanted: Descriptor) -> bool:
        """Tell whether there is a blob of that digest, and of that size as far as the answer says."""
        url = self.reference.url(f"blobs/{wanted.digest}")
        answer = self._client.request("HEAD", url, self._pull, absent=(404,))
        return answer.ok and answer.headers.get("Content-Length", str(wanted.size)) == str(
            wanted.size
        )

    def upload(self, file: Path, digest: str) -> None:
        """Add a blob; what is there already is not sent again."""
        if self.has(digest):
            return
        started = self._client.request("POST", self.reference.url("blobs/uploads/"), self._push)
        location = started.headers.get("Location")
        if not location:
            raise NetworkError(
                f"{self.name}: the registry does not say where to upload to",
                "Check the name and the registry's state; then repeat.",
            )
        url = self._client.resolve(started, location)
        url += f"{'&' if '?' in url else '?'}digest={digest}"
        kind = {"Content-Type": "application/octet-stream"}
        self._client.request("PUT", url, self._push, headers=kind, data=_Body(file))

    def copy(self, wanted: Descriptor, source: Repository) -> None:
        """Add a blob of another repository: mounted within a registry, else by way of here.

        Raises
        ------
        NetworkError
            When it is not what it was asked by.
        """
        digest, own = wanted.digest, self.reference
        if source.name == self.name or self.has(digest):
            return
        if source.reference.host == own.host:
            query = f"mount={digest}&from={quote(source.reference.path, safe='')}"
            url = own.url(f"blobs/uploads/?{query}")
            scopes = (*self._push, *source._pull)
            if self._client.request("POST", url, scopes, absent=_NO_MOUNT).code == 201:
                return
        with tempfile.NamedTemporaryFile() as file:
            source.download(wanted, file)
            self.upload(Path(file.name), digest)

    def download(self, wanted: Descriptor, into: IO[bytes]) -> None:
        """Write a blob to a file that is open for reading, too.

        Raises
        ------
        NetworkError
            When it is not what it was asked by.
        """
        url = self.reference.url(f"blobs/{wanted.digest}")
        self._client.request("GET", url, self._pull, into=into, limit=wanted.size)
        into.flush()
        size = into.tell()
        into.seek(0)
        found = f"sha256:{hashlib.file_digest(into, 'sha256').hexdigest()}"  # type: ignore[arg-type]
        if (found, size) != (wanted.digest, wanted.size):
            raise self._damaged(wanted.digest)

    def _refused(self, said: str, manifest: bytes) -> NetworkError:
        fix = "Check which image formats the registry accepts."
        if b"+zstd" in manifest:
            fix = 'Some registries accept no zstd: set compression = "gzip" in the settings.'
        return NetworkError(f"{self.name}: the registry refuses the manifest: {said}", fix)

    def _damaged(self, digest: str) -> NetworkError:
        return NetworkError(f"{self.name}@{digest}: the answer is damaged", "Repeat.")
