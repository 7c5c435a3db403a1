"""Image registries: manifests and blobs of a repository, read and written.

Requests and credentials are those of the oras library, as Docker keeps them after ``docker login``.
See https://github.com/opencontainers/distribution-spec/blob/main/spec.md.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import oras.container
import oras.provider
import requests
from oras.auth.basic import BasicAuth

from conda_strata import channels
from conda_strata.errors import NetworkError, UsageError

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"

_ACCEPTED = f"{INDEX}, {MANIFEST}, {DOCKER_INDEX}, {DOCKER_MANIFEST}"
_DOCKER_HUB = {"docker.io": "registry-1.docker.io", "index.docker.io": "registry-1.docker.io"}
_LOOPBACK = re.compile(r"(localhost|127(\.\d+){3}|\[::1\])(:\d+)?")
_REFERENCE = re.compile(r"[\w.:\[\]-]+(/[\w.-]+)+(:[\w.-]+)?(@sha256:[0-9a-f]{64})?")
_PAUSES = (0.5, 1.0, 2.0)
_PASSING = {408, 425, 429, 500, 502, 503, 504}


class _Client(oras.provider.Registry):
    """The library's client, without its silent waits: retries are told here."""

    do_request = inspect.unwrap(oras.provider.Registry.do_request)


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
    on_notice
        Told of failures that are followed by another try.

    Raises
    ------
    UsageError
        When the reference is none.
    """

    def __init__(self, reference: str, on_notice: Callable[[str], None]) -> None:
        whole = _whole(reference)
        self.container = oras.container.Container(whole)
        self.name = whole.partition("@")[0]
        self.tag = self.container.digest or self.container.tag
        if not self.container.digest and ":" in self.name.rpartition("/")[2]:
            self.name = self.name.rpartition(":")[0]
        self._on_notice = on_notice

    @cached_property
    def _client(self) -> _Client:
        host = self.container.registry
        plain = bool(_LOOPBACK.fullmatch(host))
        client = _Client(hostname=host, insecure=plain, auth_backend=_auth_backend(host, plain))
        client.session.request = partial(client.session.request, timeout=channels.timeout())
        folder = os.environ.get("DOCKER_CONFIG")
        configured = Path(folder, "config.json") if folder else None
        configs = [str(configured)] if configured and configured.exists() else None
        client.auth.load_configs(self.container, configs)
        if host == _DOCKER_HUB["docker.io"] and not hasattr(client.auth, "_basic_auth"):
            client.auth._load_auth("https://index.docker.io/v1/")
        if isinstance(client.auth, BasicAuth) and not hasattr(client.auth, "_basic_auth"):
            raise NetworkError(f"{self.name}: the registry wants a login", _mend(host, 401))
        return client

    def get(self, reference: str) -> Document | None:
        """Return the manifest or index under a tag or digest; None where there is none."""
        url = self.container.manifest_url(reference)
        answer = self._request("GET", url, headers={"Accept": _ACCEPTED}, absent=(404,))
        if answer.status_code == 404:
            return None
        return Document(
            answer.json(),
            answer.headers.get("Content-Type", MANIFEST).partition(";")[0],
            f"sha256:{hashlib.sha256(answer.content).hexdigest()}",
            len(answer.content),
        )

    def put(self, content: Mapping[str, Any], reference: str | None = None) -> Document:
        """Write a manifest or index, under *reference* or its digest alone."""
        data = json.dumps(content, separators=(",", ":")).encode()
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        url = self.container.manifest_url(reference or digest)
        self._request("PUT", url, headers={"Content-Type": content["mediaType"]}, data=data)
        return Document(content, content["mediaType"], digest, len(data))

    def blob(self, digest: str) -> bytes:
        """Return a small blob, such as a config.

        Raises
        ------
        NetworkError
            When it is not what its digest says.
        """
        data = self._request("GET", self.container.get_blob_url(digest)).content
        if f"sha256:{hashlib.sha256(data).hexdigest()}" != digest:
            raise NetworkError(f"{self.name}@{digest}: the answer is damaged", "Repeat.")
        return data

    def has(self, digest: str) -> bool:
        """Tell whether there is a blob of that digest."""
        url = self.container.get_blob_url(digest)
        return self._request("HEAD", url, absent=(404,)).ok

    def upload(self, file: Path, digest: str) -> None:
        """Add a blob; what is there already is not sent again."""
        if self.has(digest):
            return
        started = self._request("POST", self.container.upload_blob_url())
        url = self._client._get_location(started, self.container)
        url += f"{'&' if '?' in url else '?'}digest={digest}"
        kind = {"Content-Type": "application/octet-stream"}
        self._request("PUT", url.partition("://")[2], headers=kind, data=_Body(file))

    def copy(self, digest: str, source: Repository) -> None:
        """Add a blob of another repository: mounted within a registry, else by way of here."""
        if source.name == self.name or self.has(digest):
            return
        if source.container.registry == self.container.registry:
            origin = source.container.api_prefix
            url = f"{self.container.upload_blob_url()}?mount={digest}&from={origin}"
            if self._request("POST", url).status_code == 201:
                return
        with tempfile.NamedTemporaryFile() as file:
            url = source.container.get_blob_url(digest)
            hashed = hashlib.sha256()
            for chunk in source._request("GET", url, stream=True).iter_content(1 << 20):
                file.write(chunk)
                hashed.update(chunk)
            file.flush()
            if f"sha256:{hashed.hexdigest()}" != digest:
                raise NetworkError(f"{source.name}@{digest}: the answer is damaged", "Repeat.")
            self.upload(Path(file.name), digest)

    def _request(
        self, method: str, url: str, *, absent: tuple[int, ...] = (), **options: Any
    ) -> requests.Response:
        for pause in (*_PAUSES, None):
            answer, failure = self._try(method, url, options)
            if answer is not None and (answer.ok or answer.status_code in absent):
                return answer
            code = answer.status_code if answer is not None else 0
            if pause is None or (code and code not in _PASSING):
                break
            self._on_notice(f"{self.name}: {failure}, trying again in {pause:g} s")
            time.sleep(pause)
        raise NetworkError(f"{self.name}: {failure}", _mend(self.container.registry, code))

    def _try(
        self, method: str, url: str, options: dict[str, Any]
    ) -> tuple[requests.Response | None, str]:
        prefix = self._client.prefix
        headers = options.pop("headers", {})
        options["headers"] = dict(headers)
        try:
            answer = self._client.do_request(f"{prefix}://{url}", method, **options)
            if answer.status_code == 401:
                # A token holds for what was asked first: reading, say. Ask anew, for this.
                self._client.auth.token = None
                options["headers"] = dict(headers)
                answer = self._client.do_request(f"{prefix}://{url}", method, **options)
        except (requests.RequestException, OSError, ValueError) as error:
            return None, _cause(error)
        finally:
            options["headers"] = headers
        return answer, f"{method} {answer.status_code} {_said(answer)}".strip()


def _auth_backend(host: str, plain: bool) -> str:
    """Return how a registry wants to know who asks: by tokens, or by name and password each time."""
    try:
        url = f"{'http' if plain else 'https'}://{host}/v2/"
        answer = requests.get(url, timeout=channels.timeout())
    except requests.RequestException:
        return "token"
    wanted = answer.headers.get("WWW-Authenticate", "").lower()
    return "basic" if wanted.startswith("basic") else "token"


def _whole(reference: str) -> str:
    """Return a reference with its host, as Docker completes it."""
    if not _REFERENCE.fullmatch(reference) and not re.fullmatch(r"[\w.:@-]+", reference):
        raise UsageError(f"{reference!r} is no image", "Name one as in ghcr.io/owner/project:tag.")
    host, slash, rest = reference.partition("/")
    if not slash or not re.search(r"[.:]|^localhost$", host):
        host, rest = "docker.io", reference if slash else f"library/{reference}"
    return f"{_DOCKER_HUB.get(host, host)}/{rest}"


def _said(answer: requests.Response) -> str:
    try:
        return "; ".join(e.get("message") or e["code"] for e in answer.json()["errors"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return answer.reason or ""


def _cause(error: Exception) -> str:
    if "authentication" in str(error):
        return "the registry wants a login"
    text = str(error).rpartition("Caused by ")[2] or str(error)
    return re.sub(r"<[^>]*>:?\s*", "", text).strip("()'") or type(error).__name__


def _mend(host: str, code: int) -> str:
    if code in {401, 403} or not code:
        return f"Check that it can be reached, and 'docker login {host}' with the right to write."
    return "Check the name and the registry's state; then repeat."
