"""A link of some rate and delay in front of a server on this machine, as between two cities.

The kernel's own (``tc qdisc … netem``) needs a module that many machines lack, and Toxiproxy limits each
connection by itself. Here all connections share one line each way. What TCP adds on a real link, its
headers, slow start and loss, is not there; a connection waits one round trip for its handshake.
"""

from __future__ import annotations

import asyncio
import os
import re
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass

HOST = "127.0.0.1"
UNITS = {"kbit": 125, "mbit": 125_000, "gbit": 125_000_000}
QUEUE = 0.01
"""Seconds of a line's time that a sender is ahead: timers are late, and the line must not idle."""
UNDER_WAY = 64
"""Blocks of a connection that are under way, one way, at most: TCP's window."""


@dataclass(frozen=True)
class Link:
    """What a link does.

    Attributes
    ----------
    rate
        Bytes a second, each way.
    delay
        Seconds that a byte needs there and back.
    """

    rate: float
    delay: float

    @classmethod
    def parse(cls, text: str) -> Link:
        """Return the link of a text such as ``100mbit,20ms``.

        Raises
        ------
        ValueError
            When it is something else.
        """
        found = re.fullmatch(r"(\d+)([kmg]bit),(\d+)ms", text)
        if not found or not int(found[1]):
            raise ValueError(f"{text} is no link; write it as 100mbit,20ms")
        return cls(int(found[1]) * UNITS[found[2]], int(found[3]) / 1000)

    def __str__(self) -> str:
        """Say it as people do."""
        return f"{self.rate / UNITS['mbit']:g} Mbit/s, {self.delay * 1000:g} ms"

    @property
    def block(self) -> int:
        """The most bytes that go in one piece: two milliseconds of the line, at most 64 KiB."""
        return max(1, min(1 << 16, round(self.rate / 500)))


class Line:
    """One direction of a link, which bytes leave one after the other."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._free = 0.0

    def sent(self, size: int, now: float) -> float:
        """Return when the last of *size* bytes leaves that are handed over *now*."""
        self._free = max(self._free, now) + size / self._rate
        return self._free


async def listen(server: str, link: Link) -> tuple[asyncio.Server, str]:
    """Listen in front of *server* ("127.0.0.1:5000"), and return the address, too."""
    host, _, port = server.partition(":")
    there, back = Line(link.rate), Line(link.rate)
    limit = link.block
    alive = set()  # nothing else holds the task of a connection of which one side has ended

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        alive.add(asyncio.current_task())
        writers = [writer]
        try:
            await asyncio.sleep(link.delay)
            beyond, out = await asyncio.open_connection(host, int(port), limit=limit)
            writers.append(out)
            async with asyncio.TaskGroup() as both:
                both.create_task(_carry(reader, out, there, link))
                both.create_task(_carry(beyond, writer, back, link))
        except* (OSError, asyncio.CancelledError):
            pass  # one side has hung up, or the link is taken down; closing tells the other
        finally:
            for one in writers:
                one.close()
            alive.discard(asyncio.current_task())

    listening = await asyncio.start_server(connected, HOST, 0, limit=limit)
    return listening, f"{HOST}:{listening.sockets[0].getsockname()[1]}"


async def _carry(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: Line, link: Link
) -> None:
    now = asyncio.get_running_loop().time
    under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(UNDER_WAY)

    async def arrive() -> None:
        while True:
            arrival, data = await under_way.get()
            await asyncio.sleep(arrival - now())
            if not data:
                break
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()

    async with asyncio.TaskGroup() as both:
        both.create_task(arrive())
        while data := await reader.read(link.block):
            left = line.sent(len(data), now())
            await under_way.put((left + link.delay / 2, data))
            await asyncio.sleep(left - now() - QUEUE)
        await under_way.put((now() + link.delay / 2, b""))


@contextmanager
def through(server: str, link: Link) -> Iterator[str]:
    """Yield the address at which *server* answers through the link, while the context lasts."""
    ready: Future[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve() -> None:
        with suppress(OSError):  # root's link stays as fast on a busy machine
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), -10)
        listening, address = await listen(server, link)
        over = asyncio.Event()
        ready.set_result((address, asyncio.get_running_loop(), over))
        await over.wait()
        listening.close()

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    address, loop, over = ready.result(10)
    try:
        yield address
    finally:
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(over.set)
        thread.join()
