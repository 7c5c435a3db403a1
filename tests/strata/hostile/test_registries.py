"""Registries that answer with something else than what they were asked for."""

from __future__ import annotations

import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from conda_strata.core.errors import NetworkError
from conda_strata.registry.documents import MANIFEST
from conda_strata.registry.repository import Repository

ASKED = "sha256:" + hashlib.sha256(b"{}").hexdigest()


@contextmanager
def answering(body: bytes) -> Iterator[str]:
    """Serve *body* as every manifest, and yield the registry's address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", MANIFEST)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    "body",
    [b"{}\n", json.dumps({"schemaVersion": 2, "layers": []}).encode(), b"null", b"[" * 50],
)
def test_another_manifest_than_the_digest_is_refused(body: bytes) -> None:
    with answering(body) as address, pytest.raises(NetworkError, match="answered with sha256:"):
        Repository(f"{address}/team/base").get(ASKED)


def test_the_manifest_of_the_digest_is_taken() -> None:
    with answering(b"{}") as address:
        found = Repository(f"{address}/team/base").get(ASKED)
    assert found is not None
    assert found.digest == ASKED


@pytest.mark.parametrize("body", [b"null", b"[1]", b'"text"', b"1", b"<html>", b"\xff"])
def test_a_tag_that_is_no_manifest_is_refused(body: bytes) -> None:
    with answering(body) as address, pytest.raises(NetworkError, match="is no manifest"):
        Repository(f"{address}/team/base").get("latest")
