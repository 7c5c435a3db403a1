"""A conda channel behind a server that misbehaves on demand."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

Fault = Callable[["Handler", bytes], None]
"""What is sent in place of the honest body."""


@dataclass
class Rule:
    """A fault for the paths that hold *part*, the next *times* times that one is asked for."""

    part: str
    fault: Fault
    times: int | None = None


@dataclass
class Script:
    """Which faults are due, and which requests were made."""

    rules: list[Rule] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def add(self, part: str, fault: Fault, times: int | None = None) -> None:
        self.rules.append(Rule(part, fault, times))

    def clear(self) -> None:
        self.rules.clear()

    def due(self, path: str) -> Fault | None:
        with self._guard:
            self.asked.append(path)
            for rule in self.rules:
                if rule.part in path and rule.times != 0:
                    if rule.times:
                        rule.times -= 1
                    return rule.fault
        return None

    def count(self, part: str) -> int:
        return sum(part in path for path in self.asked)

    def wait_for(self, part: str, seconds: float = 20) -> None:
        """Return when a path that holds *part* is asked for."""
        end = time.monotonic() + seconds
        while not self.count(part):
            assert time.monotonic() < end, f"{part} was never asked for"
            time.sleep(0.005)


class Server(ThreadingHTTPServer):
    """Serves a folder, and breaks as its script says."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder = folder
        self.script = Script()
        self.scheme = "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_port}"

    def encrypt(self, certificate: Path) -> None:
        """Speak TLS with the key and certificate in one file."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.scheme = "https"

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that give up are part of the play."""


class Handler(BaseHTTPRequestHandler):
    """Sends files; never 304, which rattler takes badly when its cache is gone."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = self.path.split("?")[0].lstrip("/")
        fault = self.server.script.due(path)
        file = self.server.folder / path
        body = file.read_bytes() if file.is_file() else None
        if fault:
            fault(self, body or b"")
        elif body is None:
            self.send(404, b"not here")
        else:
            self.send(200, body)

    def send(self, code: int, body: bytes, length: int | None = None, **headers: str) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


def status(code: int, **headers: str) -> Fault:
    """Answer with this status."""

    def fault(handler: Handler, _body: bytes) -> None:
        handler.send(code, b"no\n", None, **headers)

    return fault


def stall(handler: Handler, _body: bytes) -> None:
    """Send nothing until the server stops."""
    handler.server.script.stopped.wait(60)
    handler.close_connection = True


def stall_midway(handler: Handler, body: bytes) -> None:
    """Send half of the body, and then nothing."""
    handler.send(200, body[: len(body) // 2], len(body))
    handler.wfile.flush()
    stall(handler, body)


def slow(seconds: float) -> Fault:
    """Send the body in twenty pieces, within this time."""

    def fault(handler: Handler, body: bytes) -> None:
        handler.send(200, b"", len(body))
        step = len(body) // 19 or 1
        for start in range(0, len(body), step):
            handler.wfile.write(body[start : start + step])
            handler.wfile.flush()
            time.sleep(seconds / 20)

    return fault


def close_at_once(handler: Handler, _body: bytes) -> None:
    """Hang up before an answer."""
    handler.close_connection = True


def close_midway(handler: Handler, body: bytes) -> None:
    """Promise the whole body, and hang up after half of it."""
    handler.send(200, body[: len(body) // 2], len(body))
    handler.close_connection = True


def too_long(handler: Handler, body: bytes) -> None:
    """Promise more than there is, and hang up."""
    handler.send(200, body, len(body) + 100)
    handler.close_connection = True


def truncated(handler: Handler, body: bytes) -> None:
    """Send half of the body as if it were all."""
    handler.send(200, body[: len(body) // 2])


def html(handler: Handler, _body: bytes) -> None:
    """Answer as a captive portal does."""
    handler.send(200, b"<html><body>Please log in</body></html>", Content_Type="text/html")


def other(body: bytes) -> Fault:
    """Send something else."""

    def fault(handler: Handler, _body: bytes) -> None:
        handler.send(200, body)

    return fault


@contextmanager
def serving(folder: Path, certificate: Path | None = None) -> Iterator[Server]:
    """Serve *folder* on a free port of 127.0.0.1."""
    with Server(folder) as server:
        if certificate:
            server.encrypt(certificate)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.script.stopped.set()
            server.shutdown()
            thread.join()
