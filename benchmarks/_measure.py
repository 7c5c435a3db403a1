"""Commands timed side by side: each measured in a process of its own, in turns."""

from __future__ import annotations

import functools
import multiprocessing
import os
import platform
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from rig.channel import server

_Result = TypeVar("_Result")

STRATA = (sys.executable, "-m", "conda_strata")


@dataclass
class Runs:
    """What the runs of one command took."""

    seconds: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    peaks: list[int] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The median time, in seconds."""
        return statistics.median(self.seconds)

    @property
    def peak(self) -> float:
        """The most memory that a run held at a time, in megabytes.

        Linux counts the most that this process held before it started the command, too: 50 MB.
        """
        return max(self.peaks) / 1e6


def once(
    command: Sequence[str],
    runs: Runs | None = None,
    cwd: Path | None = None,
    *,
    fine: Container[int] = (0,),
) -> None:
    """Run a command, silent unless it fails, and note what it took.

    Parameters
    ----------
    fine
        Exit codes that are no failure.

    Raises
    ------
    subprocess.CalledProcessError
        When it fails; its output is shown.
    """
    # An installed package has its bytecode; a checkout would be compiled again in each run.
    env = {name: v for name, v in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    started = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    if process.returncode not in fine:
        print(said)
        raise subprocess.CalledProcessError(process.returncode, list(command))
    if runs is not None:
        runs.seconds.append(seconds)
        runs.processor.append(usage.ru_utime + usage.ru_stime)
        # Linux counts in kibibytes, macOS in bytes.
        runs.peaks.append(usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024))


def alternate(
    commands: Mapping[str, Sequence[str]],
    times: int,
    *,
    cwd: Path | None = None,
    before: Callable[[], None] = lambda: None,
    fine: Container[int] = (0,),
) -> dict[str, Runs]:
    """Run each command *times* times, one after the other and in turns; *before* each, prepare."""
    measured = {name: Runs() for name in commands}
    for number in range(times):
        order = list(commands) if number % 2 == 0 else list(commands)[::-1]
        for name in order:
            before()
            once(commands[name], measured[name], cwd, fine=fine)
    return measured


def apart(function: Callable[..., _Result], *arguments: object) -> _Result:
    """Call in a new process: what this one ever held counts as memory of the commands it starts."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def table(title: str, measured: Mapping[str, Runs]) -> None:
    """Print median and spread of each command."""
    print(f"\n{title}\n{'':<44}{'median s':>10}{'min':>8}{'max':>8}")
    for name, runs in measured.items():
        least, most = min(runs.seconds), max(runs.seconds)
        print(f"{name:<44}{runs.median:>10.3f}{least:>8.3f}{most:>8.3f}")


def ratio(what: str, value: float, goal: float) -> None:
    """Print a ratio and its goal; a missed goal is no failure of the measurement."""
    print(f"{what:<44}{value:>10.2f} ×   goal ≤ {goal}: {'reached' if value <= goal else 'MISSED'}")


def machine() -> str:
    """Return what this was measured on."""
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"


class _Handler(server.Handler):
    def log_error(self, format: str, *args: object) -> None:
        """Say nothing of the optional files that a client asks for in vain."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on loopback, and yield its URL."""
    handler = functools.partial(_Handler, directory=str(folder))
    http = server.Server(("127.0.0.1", 0), handler)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{http.server_address[1]}"
    finally:
        http.shutdown()
        http.server_close()


def live_in(home: Path, mirrors: Mapping[str, str]) -> None:
    """Give this process and its children a home of their own, with rattler's mirrors set."""
    config = home / "config" / "rattler" / "config.toml"
    config.parent.mkdir(parents=True)
    lines = "".join(f'"{channel}" = ["{url}"]\n' for channel, url in mirrors.items())
    config.write_text(f"[mirrors]\n{lines}", "utf-8")
    os.environ["HOME"] = str(home)
    os.environ["XDG_CONFIG_HOME"] = str(home / "config")
    os.environ["RATTLER_CACHE_DIR"] = str(home / "cache")
