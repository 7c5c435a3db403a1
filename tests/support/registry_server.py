"""A registry on loopback that does what a registry does, but for what a test has it answer."""

from __future__ import annotations

import hashlib
import http.server
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from conda_strata.registry.documents import CONFIG, MANIFEST

LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


@dataclass(frozen=True)
class Reply:
    """What is answered; a length that is *promised* instead of that of the body."""

    code: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    promised: int | None = None


@dataclass(frozen=True)
class Request:
    """What was asked."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query)

    @property
    def authorization(self) -> str:
        return self.headers.get("authorization", "")


Rule = Callable[[Request], Reply | None]


class Registry:
    """What one server has, is told to answer, and was asked."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[str, bytes] = {}
        self.asked: list[Request] = []
        self.rule: Rule = lambda _request: None

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    @property
    def authorizations(self) -> list[str]:
        return [request.authorization for request in self.asked]

    def add(self, data: bytes) -> str:
        digest = digest_of(data)
        self.blobs[digest] = data
        return digest

    def put(self, tag: str, content: Any) -> str:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        digest = digest_of(data)
        self.manifests[tag] = self.manifests[digest] = data
        return digest

    def add_image(self, tag: str = "base") -> dict[str, Any]:
        """Add an image of one layer, and return its manifest."""
        config = json.dumps(config_of()).encode()
        layer = b"layer"
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": described(self.add(config), len(config), CONFIG),
            "layers": [described(self.add(layer), len(layer), LAYER)],
        }
        self.put(tag, manifest)
        return manifest

    def answer(self, request: Request) -> Reply:
        self.asked.append(request)
        return self.rule(request) or self._answer(request)

    def _answer(self, request: Request) -> Reply:
        last = request.path.rpartition("/")[2]
        if request.method == "POST":
            if request.query.get("mount", [""])[0] in self.blobs:
                return Reply(201)
            return Reply(202, headers={"Location": "/v2/upload/1?state=x%3D"})
        if request.method == "PUT":
            if "/manifests/" in request.path:
                self.put(last, request.body)
            else:
                assert request.query["digest"] == [self.add(request.body)]
            return Reply(201)
        found = (self.manifests if "/manifests/" in request.path else self.blobs).get(last)
        kind = {"Content-Type": MANIFEST}
        return Reply(404) if found is None else Reply(200, found, kind)


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def described(digest: str, size: int, kind: str) -> dict[str, Any]:
    return {"mediaType": kind, "digest": digest, "size": size}


def config_of(**changed: Any) -> dict[str, Any]:
    diff_ids = [digest_of(b"files")]
    rootfs = {"type": "layers", "diff_ids": diff_ids}
    return {"os": "linux", "architecture": "amd64", "rootfs": rootfs, **changed}


@contextmanager
def serving() -> Iterator[Registry]:
    """Run a registry."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def _do(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(length)
            reply = registry.answer(Request(self.command, self.path, headers, body))
            self.send_response(reply.code)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            promised = len(reply.body) if reply.promised is None else reply.promised
            self.send_header("Content-Length", str(promised))
            self.end_headers()
            if self.command != "HEAD":
                try:
                    self.wfile.write(reply.body)
                except OSError:  # who asked has had enough
                    self.close_connection = True

        do_GET = do_HEAD = do_POST = do_PUT = _do  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        registry = Registry(f"127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield registry
        finally:
            server.shutdown()
            thread.join()
