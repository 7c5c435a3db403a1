"""A registry on this machine's loopback for a moment: Docker pulls what it lacks, and nothing else.

It only reads, and only who knows its secret name gets anything.
"""

from __future__ import annotations

import http.server
import io
import secrets
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from conda_strata.core.errors import StrataError
from conda_strata.image.blobs import BlobStore
from conda_strata.image.compose import Composed
from conda_strata.image.reuse import Held
from conda_strata.registry import documents
from conda_strata.registry.documents import CONFIG, MANIFEST

_TLS = b"\x16"
"""What a conversation in TLS starts with."""


@dataclass
class Loopback:
    """The registry, while it runs.

    Attributes
    ----------
    name
        Its address and the repository, as in ``127.0.0.1:40000/strata-…``.
    faults
        What went wrong while it answered.
    """

    name: str
    faults: list[StrataError] = field(default_factory=list)


@contextmanager
def serving(images: Sequence[Composed], store: BlobStore) -> Iterator[Loopback]:
    """Serve images by their digests until the context is left."""
    server = _Server(images, store)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.loopback
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, images: Sequence[Composed], store: BlobStore) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.store = store
        self.documents = {one.digest: (MANIFEST, one.manifest) for one in images}
        self.documents |= {documents.digest_of(o.config): (CONFIG, o.config) for o in images}
        self.layers = {held.descriptor.digest: held for one in images for held in one.layers}
        self.path = f"strata-{secrets.token_hex(16)}"
        self.loopback = Loopback(f"127.0.0.1:{self.server_port}/{self.path}")

    def handle_error(self, *_: object) -> None:
        """Say nothing: a client that hangs up is none of a user's concern."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def handle_one_request(self) -> None:
        """Tell a client that starts with TLS, as Docker does, at once that this is plain HTTP."""
        if cast(io.BufferedReader, self.rfile).peek(1)[:1] == _TLS:
            self.wfile.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
            self.close_connection = True
            return
        super().handle_one_request()

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, *, body: bool) -> None:
        own = f"/v2/{self.server.path}/"
        kind, _, digest = self.path.removeprefix(own).partition("/")
        found = self.server.documents.get(digest) if self.path.startswith(own) else None
        layer = self.server.layers.get(digest) if self.path.startswith(own) else None
        if self.path == "/v2/":
            self._send("application/json", b"{}", "", body=body)
        elif found:
            self._send(*found, digest, body=body)
        elif layer and kind == "blobs":
            self._layer(layer, body=body)
        else:
            self._send("application/json", b'{"errors":[]}', "", body=body, code=404)

    def _layer(self, held: Held, *, body: bool) -> None:
        try:
            file = self.server.store.fetch(held.descriptor, held.source) if body else Path()
        except StrataError as error:
            self.server.loopback.faults.append(error)
            self._send("application/json", b'{"errors":[]}', "", body=body, code=500)
            return
        self._head("application/octet-stream", held.descriptor.size, held.descriptor.digest)
        if body:
            with file.open("rb") as handle:
                shutil.copyfileobj(handle, self.wfile, 1 << 20)

    def _send(self, kind: str, data: bytes, digest: str, *, body: bool, code: int = 200) -> None:
        self._head(kind, len(data), digest, code)
        if body:
            self.wfile.write(data)

    def _head(self, kind: str, size: int, digest: str, code: int = 200) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(size))
        self.send_header("Docker-Distribution-API-Version", "registry/2.0")
        if digest:
            self.send_header("Docker-Content-Digest", digest)
        self.end_headers()
