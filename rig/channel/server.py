"""A static HTTP server for the conda channel: `python -m rig.server DIR HOST PORT`."""

from __future__ import annotations

import functools
import sys
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from rig.machine import ports, process
from rig.machine.errors import RigError
from rig.machine.state import State, cache_dir

CHANNEL = "conda-forge"


class Handler(SimpleHTTPRequestHandler):
    """Serves files, always whole, and logs only what went wrong."""

    protocol_version = "HTTP/1.1"
    # Headers and body leave in two writes; without this the second waits for an acknowledgement.
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Answer with the file, even to a client that says it has this version.

        A 304 breaks rattler's repodata gateway when its cache has gone in the meantime.
        """
        del self.headers["If-Modified-Since"]
        super().do_GET()

    def end_headers(self) -> None:
        """Tell clients to ask again every time: a rebuilt channel keeps its URL."""
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing for an answered request."""


class Server(ThreadingHTTPServer):
    """One thread per connection, indifferent to clients that hang up."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Report an error of a request, unless the client merely went away."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def make_server(folder: Path, host: str, port: int) -> Server:
    """Return a server for a folder, listening but not yet answering; port 0 means any."""
    return Server((host, port), functools.partial(Handler, directory=str(folder)))


def ensure(state: State, folder: Path, host: str | None) -> str:
    """Have the channel folder served on `host`, on the same port as last time if it is free.

    Without a host, a server that is up already will do, wherever it listens; a new one goes on
    loopback. Returns the channel's URL.

    Raises
    ------
    RigError
        When the server does not answer.
    """
    known = state.processes.get("channel")
    if known and process.alive(known) and known.serves == str(folder):
        url = f"http://{known.address}/{CHANNEL}"
        suits = host is None or known.address.startswith(f"{host}:")
        if suits and ports.answers(f"{url}/noarch/repodata.json"):
            return url
    process.stop(known)
    host = host or "127.0.0.1"
    port = ports.choose(host, state.ports.get("channel"))
    log = cache_dir() / "channel-server.log"
    state.processes["channel"] = process.start(
        [sys.executable, "-m", "rig.channel.server", str(folder), host, str(port)],
        log,
        address=f"{host}:{port}",
        serves=str(folder),
        env={"PYTHONPATH": str(Path(__file__).resolve().parents[2])},
    )
    state.ports["channel"] = port
    state.save()
    url = f"http://{host}:{port}/{CHANNEL}"
    ports.wait_for(
        lambda: ports.answers(f"{url}/noarch/repodata.json"),
        15,
        f"The channel server does not answer at {url}. Its log is {log}.",
    )
    return url


if __name__ == "__main__":
    if len(sys.argv) != 4:
        raise SystemExit("usage: python -m rig.server DIR HOST PORT")
    try:
        make_server(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])).serve_forever()
    except (OSError, RigError) as failure:
        raise SystemExit(f"rig.channel.server: {failure}") from failure
