from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from rig.channel.server import Server, make_server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    (tmp_path / "repodata.json").write_text("{}")
    with make_server(tmp_path, "127.0.0.1", 0) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def connection(server: Server) -> Iterator[http.client.HTTPConnection]:
    opened = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    yield opened
    opened.close()


def test_a_file_is_sent_whole_to_a_client_that_has_it(
    connection: http.client.HTTPConnection,
) -> None:
    """A 304 would break rattler's repodata gateway when its cache has gone."""
    connection.request("GET", "/repodata.json")
    first = connection.getresponse()
    first.read()
    modified = first.headers["Last-Modified"]
    connection.request("GET", "/repodata.json", headers={"If-Modified-Since": modified})
    second = connection.getresponse()
    assert (second.status, second.read()) == (200, b"{}")


def test_a_connection_serves_more_than_one_request(
    connection: http.client.HTTPConnection,
) -> None:
    for path, status in [("/repodata.json", 200), ("/missing", 404), ("/repodata.json", 200)]:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        assert (answer.status, answer.will_close) == (status, status == 404)


def test_clients_are_told_to_ask_again(connection: http.client.HTTPConnection) -> None:
    connection.request("HEAD", "/repodata.json")
    answer = connection.getresponse()
    answer.read()
    assert answer.headers["Cache-Control"] == "no-cache"
