"""The workflow ``ci`` where the registry, or another run, stands in its way."""

from __future__ import annotations

import http.client
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from demo import image
from integration.registry.image_registry import add_no_image, serving
from integration.workflows.conftest import Hub

NOBODY = "127.0.0.1:9"
"""An address at which nothing listens."""


@contextmanager
def read_only(address: str) -> Iterator[str]:
    """Serve the registry at *address*, but for uploads, which it has no space for."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Docker tries TLS first, and goes on without when the answer to that starts as HTTP's do.
        default_request_version = "HTTP/1.1"

        def do_GET(self) -> None:
            host = {"Host": self.headers["Host"]}
            asked = {k: v for k, v in self.headers.items() if k.lower() != "host"} | host
            upstream = http.client.HTTPConnection(address)
            upstream.request(self.command, self.path, headers=asked)
            answer = upstream.getresponse()
            body = answer.read()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("transfer-encoding", "connection"):
                    self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)
            upstream.close()

        do_HEAD = do_GET  # noqa: N815 - the name that the class looks for

        def do_POST(self) -> None:
            body = b'{"errors": [{"code": "UNKNOWN", "message": "no space left on device"}]}'
            self.send_response(507)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_PUT = do_PATCH = do_POST  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    front = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=front.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{front.server_port}"
    finally:
        front.shutdown()
        front.server_close()
        thread.join()


@contextmanager
def elsewhere(hub: Hub, address: str) -> Iterator[None]:
    """The project names another registry in a commit, and its own again in the next."""
    own = hub.image.partition("/")[0]
    hub.use_registry(address)
    hub.commit("Another registry")
    try:
        yield
    finally:
        hub.use_registry(own)
        hub.commit("The registry of before")


def test_registry_down_at_login(hub: Hub) -> None:
    with elsewhere(hub, NOBODY):
        ran = hub.push()
    assert (ran.jobs["environment"], ran.jobs["push"]) == ("success", "failure")
    # act does not come to the job pass after a called workflow failed
    assert set(ran.jobs) - {"pass"} == {"environment", "workflows", "push"}
    assert f"{NOBODY}/v2/" in ran.log
    assert "connection refused" in ran.log


def test_registry_that_refuses_the_token(hub: Hub, tmp_path: Path) -> None:
    with serving(tmp_path, login=True) as address, elsewhere(hub, address):
        ran = hub.push()
    # act does not come to the job pass after a called workflow failed
    assert set(ran.jobs) - {"pass"} == {"environment", "workflows", "push"}
    assert ran.jobs["push"] == "failure"
    assert "unauthorized" in ran.log.lower()


def test_registry_down_for_a_pull_request(hub: Hub) -> None:
    """The login says so and the job stops: nothing is built from what cannot be compared."""
    hub.git("switch", "--quiet", "--create", "change")
    with elsewhere(hub, NOBODY):
        ran = hub.run("ci.yml", hub.pull_request("change"))
    hub.git("switch", "--quiet", "main")
    assert ran.jobs["test"] == "failure"
    assert f"{NOBODY}/v2/" in ran.log
    assert hub.tags() == set()


def test_registry_that_takes_no_uploads(hub: Hub) -> None:
    host = hub.image.partition("/")[0]
    with read_only(host) as address, elsewhere(hub, address):
        ran = hub.push()
    assert ran.jobs["push"] == "failure"
    assert "507 no space left on device" in ran.log, ran.trouble
    assert not {"test", "tag"} & set(ran.jobs)
    assert hub.tags() == set()


def test_two_pushes_at_once(hub: Hub) -> None:
    """Each names an image that is whole and tested, whoever comes last.

    On GitHub the second waits for the first (`concurrency`), which act leaves to its caller.
    """
    first = hub.commit("First")
    hub.git("push", "--quiet", "--force", "origin", "HEAD:main")
    events = [hub.pushed("main", first)]
    hub.project.add_dependency("tqdm")
    hub.strata("lock")
    hub.commit("Second")
    hub.git("push", "--quiet", "origin", "HEAD:main")
    events.append(hub.pushed("main", first))
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda event: hub.run("ci.yml", event), events))
    assert [run.ok for run in runs] == [True, True], "".join(run.trouble for run in runs)
    tested = {
        name: {
            digest for run in runs for digest in re.findall(rf"\| {name} \|.*@(.*)`", run.summary)
        }
        for name in ("dev", "runtime")
    }
    assert len(tested["dev"]) == 2
    for name in ("dev", "runtime"):
        assert hub.digest(name) in tested[name]
        assert image.run(f"{hub.image}:{name}", hub.folder, "python", "-V").returncode == 0
    assert hub.digest("latest") in tested["runtime"]


def test_cache_that_is_no_image(hub: Hub) -> None:
    """Images are made without it; what is new in them cannot be told before it is repaired."""
    whole = hub.digest("dev")
    assert whole
    add_no_image(f"{hub.image}:dev")
    broken = hub.digest("dev")
    hub.project.add_dependency("cowsay")
    hub.strata("lock")
    hub.commit("Add cowsay")
    ran = hub.push()
    assert ran.steps["push"]["Push missing images"] == "success", ran.trouble
    assert ran.steps["push"]["Compare with the published images"] == "failure"
    assert "tag" not in ran.jobs
    assert hub.digest("dev") == broken
