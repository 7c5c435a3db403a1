"""The link holds its rate and its delay, by a clock that only waiting moves."""

from __future__ import annotations

import asyncio
import http.server
import re
import selectors
import threading
import urllib.request
from collections.abc import Coroutine
from typing import Any

import pytest

from benchmarks._link import raw
from rig.machine.link import Line, Link, listen, through

SIZE = 1_000_000
TOLERANCE = 0.15


class _Selector(selectors.DefaultSelector):
    """Moves the clock by what the loop would wait for, when no socket has anything to say."""

    clock = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(None if timeout is None else min(timeout, 0.001))
        if not ready:
            self.clock += timeout or 0
        return ready


def _run(main: Coroutine[Any, Any, float]) -> float:
    selector = _Selector()
    loop = asyncio.SelectorEventLoop(selector)
    loop.time = lambda: selector.clock  # type: ignore[method-assign]
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(main)


async def _seconds(link: Link, *, down: int = 0, up: int = 0) -> float:
    """Return what transfers of SIZE bytes take, each on a connection of its own, side by side."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = int(await reader.readline())
        while asked < 0 and await reader.read(1 << 16):
            pass
        writer.write(bytes(max(asked, 1)))
        writer.close()
        await writer.wait_closed()

    async def fetch(address: str, asked: int) -> None:
        host, _, port = address.partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"{asked}\n".encode() + bytes(max(-asked, 0)))
        writer.write_eof()
        assert len(await reader.read()) == max(asked, 1)
        writer.close()
        await writer.wait_closed()

    behind = await asyncio.start_server(answer, "127.0.0.1", 0)
    front, address = await listen(f"127.0.0.1:{behind.sockets[0].getsockname()[1]}", link)
    started = asyncio.get_running_loop().time()
    await asyncio.gather(*(fetch(address, asked) for asked in down * [SIZE] + up * [-SIZE]))
    seconds = asyncio.get_running_loop().time() - started
    front.close()
    behind.close()
    return seconds


@pytest.mark.parametrize("text", ["20mbit,20ms", "100mbit,20ms", "1gbit,5ms", "100mbit,200ms"])
@pytest.mark.parametrize(("down", "up"), [(1, 0), (0, 1), (3, 0), (0, 3), (2, 2)])
def test_all_connections_share_the_rate_each_way(text: str, down: int, up: int) -> None:
    link = Link.parse(text)
    expected = 2 * link.delay + max(down, up) * SIZE / link.rate
    assert _run(_seconds(link, down=down, up=up)) == pytest.approx(expected, rel=TOLERANCE)


def test_a_small_answer_takes_a_handshake_and_a_round_trip() -> None:
    async def small() -> float:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while line := await reader.readline():
                writer.write(line)
            writer.close()

        behind = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = behind.sockets[0].getsockname()[1]
        front, address = await listen(f"127.0.0.1:{port}", Link.parse("100mbit,40ms"))
        started = asyncio.get_running_loop().time()
        reader, writer = await asyncio.open_connection(*address.split(":"))
        for _ in range(4):
            writer.write(b"ping\n")
            assert await reader.readline() == b"ping\n"
        seconds = asyncio.get_running_loop().time() - started
        writer.write_eof()
        await reader.read()
        writer.close()
        front.close()
        behind.close()
        return seconds

    assert _run(small()) == pytest.approx(5 * 0.040, rel=TOLERANCE)


def test_a_line_that_was_idle_has_nothing_saved_up() -> None:
    line = Line(1000)
    assert line.sent(500, now=0) == 0.5
    assert line.sent(500, now=0.1) == 1.0
    assert line.sent(500, now=60) == 60.5


def test_a_server_answers_through_it_and_no_longer_afterwards() -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with through(f"127.0.0.1:{server.server_port}", Link.parse("1gbit,1ms")) as address:
            url = f"http://{address}/"
            with urllib.request.build_opener().open(url, timeout=10) as response:
                assert response.read() == b"host " + address.encode()
        with pytest.raises(OSError, match="refused"):
            urllib.request.build_opener().open(url, timeout=10)
        server.shutdown()


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = f"host {self.headers['Host']}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def test_the_benchmark_says_what_the_link_to_a_registry_carries(registry: str) -> None:
    with through(registry, Link.parse("1gbit,1ms")) as address:
        said = raw(address, 100_000)
    found = re.fullmatch(
        r"raw transfer of 0\.1 MB: (\d+) Mbit/s down, (\d+) Mbit/s up, round trip ([\d.]+) ms", said
    )
    assert found, said
    assert max(int(found[1]), int(found[2])) <= 1000
    assert float(found[3]) >= 1


@pytest.mark.parametrize("text", ["", "100mbit", "fast,20ms", "100mbit,20", "0mbit,20ms"])
def test_what_is_no_link_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="100mbit,20ms"):
        Link.parse(text)
