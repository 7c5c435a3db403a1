"""A terminal to run commands in, and what its screen shows in the end."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pyte

_BECOME = "import os, sys; os.login_tty(0); os.execvp(sys.argv[1], sys.argv[1:])"


@dataclass
class Terminal:
    """One command in a terminal of 80 columns.

    Attributes
    ----------
    raw
        All that the command wrote, control sequences included.
    code
        The command's exit code, once it is over.
    """

    command: Sequence[str]
    cwd: Path
    env: Mapping[str, str]
    raw: str = ""
    code: int | None = None
    _screen: pyte.Screen = field(default_factory=lambda: pyte.Screen(80, 50))

    def __enter__(self) -> Self:
        self._main, side = pty.openpty()
        termios.tcsetwinsize(self._main, (50, 80))
        self._stream = pyte.ByteStream(self._screen)
        self._process = subprocess.Popen(
            [sys.executable, "-c", _BECOME, *self.command],
            cwd=self.cwd,
            env={**os.environ, "TERM": "xterm", **self.env},
            stdin=side,
            stdout=side,
            stderr=side,
        )
        os.close(side)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._main)

    def wait_for(self, text: str) -> None:
        """Read until the screen shows *text*."""
        self._read(lambda: text in self.screen)
        assert text in self.screen, self.screen

    def type(self, line: str) -> None:
        """Type a line."""
        os.write(self._main, f"{line}\n".encode())

    def finish(self) -> int:
        """Read until the command is over, and return its exit code."""
        self._read(lambda: False)
        self.code = self._process.wait(30)
        return self.code

    @property
    def screen(self) -> str:
        """What the screen shows, less the empty lines at its end."""
        return "\n".join(line.rstrip() for line in self._screen.display).rstrip()

    def _read(self, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 30
        while not done() and time.monotonic() < deadline:
            if not select.select([self._main], [], [], 0.1)[0]:
                continue
            try:
                data = os.read(self._main, 65536)
            except OSError:
                return
            if not data:
                return
            self.raw += data.decode("utf-8", "replace")
            self._stream.feed(data)
