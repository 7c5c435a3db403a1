"""GitHub's API of packages, and the registry whose images it lists, on loopback.

https://docs.github.com/en/rest/packages/packages says what is answered.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

OLD, YOUNG = "2024-01-02T03:04:05Z", "2199-01-02T03:04:05Z"
TOKEN = "the-token"  # noqa: S105


@dataclass
class Packages:
    """One package.

    Attributes
    ----------
    versions
        As GitHub lists them.
    manifests
        Digest to bytes, as the registry has them.
    deleted
        Numbers of the versions that were deleted, in this order.
    asked
        Method and path of each request.
    change
        Called before each answer with method and path; returns another answer, or None.
    """

    owner: str = "octo"
    kind: str = "User"
    name: str = "study"
    versions: list[dict[str, Any]] = field(default_factory=list)
    manifests: dict[str, bytes] = field(default_factory=dict)
    deleted: list[int] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    change: Callable[[str, str], tuple[int, Any] | None] = lambda _, __: None
    tags_in_a_page: int = 1000
    address: str = ""

    def add(self, *tags: str, when: str = OLD, **manifest: Any) -> str:
        """Push something, and return its digest."""
        data = json.dumps({"made": len(self.versions), **manifest}).encode()
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        self.manifests[digest] = data
        self.versions.append(
            {
                "id": 1000 + len(self.versions),
                "name": digest,
                "created_at": OLD,
                "updated_at": when,
                "metadata": {"package_type": "container", "container": {"tags": list(tags)}},
            }
        )
        return digest

    def image(self, *tags: str, layers: Sequence[str] = ("base", "own"), **more: Any) -> str:
        digests = [f"sha256:{hashlib.sha256(one.encode()).hexdigest()}" for one in layers]
        return self.add(*tags, layers=[{"digest": one} for one in digests], **more)

    def index(self, *tags: str, of: Sequence[str], **more: Any) -> str:
        return self.add(*tags, manifests=[{"digest": one} for one in of], **more)

    def about(self, digest: str, *tags: str, **more: Any) -> str:
        return self.add(*tags, subject={"digest": digest}, **more)

    @property
    def left(self) -> list[str]:
        """Digests of what was not deleted."""
        return [one["name"] for one in self.versions]

    def answer(self, method: str, path: str, authorization: str) -> tuple[int, Any]:
        self.asked.append((method, path))
        wanted = f"Bearer {TOKEN}" if path.startswith("/api/") else "Bearer registry"
        if not path.startswith("/token?") and authorization != wanted:
            return 401, {"message": "Bad credentials"}
        return self.change(method, path) or self._known(method, path)

    def _known(self, method: str, path: str) -> tuple[int, Any]:
        url = urlsplit(path)
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        kind = {"User": "users", "Organization": "orgs"}[self.kind]
        package = f"api/{kind}/{self.owner}/packages/container/{self.name}".split("/")
        parts = url.path.strip("/").split("/")
        match [method, *parts]:
            case ["GET", "api", "users", self.owner]:
                return 200, {"login": self.owner, "type": self.kind}
            case ["GET", *start] if start == package and self.versions:
                return 200, {"name": self.name, "package_type": "container"}
            case ["GET", "token"] if query["scope"] == f"repository:{self.owner}/{self.name}:pull":
                return 200, {"token": "registry"}
            case ["GET", "v2", self.owner, self.name, "tags", "list"]:
                tags = sorted(t for v in self.versions for t in v["metadata"]["container"]["tags"])
                left = [tag for tag in tags if tag > query.get("last", "")]
                return 200, {"name": self.name, "tags": left[: self.tags_in_a_page]}
            case ["GET", "v2", self.owner, self.name, "manifests", digest]:
                data = self.manifests.get(digest)
                return (404, {"errors": []}) if data is None else (200, data)
            case ["GET", *start, "versions"] if start == package:
                size, page = int(query["per_page"]), int(query["page"])
                return 200, self.versions[size * (page - 1) : size * page]
            case [_, *start, "versions", number] if start == package:
                return self._one(method, int(number))
        return 404, {"message": "Not Found"}

    def _one(self, method: str, number: int) -> tuple[int, Any]:
        """Answer what is asked of one version."""
        found = [one for one in self.versions if one["id"] == number]
        if not found:
            return 404, {"message": "Not Found"}
        if method == "GET":
            return 200, found[0]
        self.versions.remove(found[0])
        self.deleted.append(number)
        return 204, None

    @contextmanager
    def serving(self) -> Iterator[None]:
        package = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                said = self.headers["Authorization"] or ""
                status, body = package.answer(self.command, self.path, said)
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                data = b"" if body is None else data
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", f"{package.address}/elsewhere")
                tags = body.get("tags") if isinstance(body, dict) else None
                if tags and len(tags) == package.tags_in_a_page:
                    self.send_header("Link", '</v2/next>; rel="next"')
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_DELETE = _answer  # noqa: N815 - the names that the class looks for

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=[0.01], daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
