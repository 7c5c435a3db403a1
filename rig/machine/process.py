"""Detached processes that are found again, and stopped, by id and time of birth."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rig.machine.errors import RigError

# The shell is an extra parent that exits at once: init adopts the program, no zombie stays, and
# no open Popen object warns when this interpreter ends.
DETACH = 'log=$1; shift; "$@" >"$log" 2>&1 </dev/null & echo $!'


@dataclass(frozen=True)
class Process:
    """A process this package started.

    `born` is the kernel's start time in clock ticks after boot. Ids are reused, so a process is
    ours only when both agree. `address` is its host:port or socket, `serves` the folder it is for.
    """

    pid: int
    born: int
    address: str
    serves: str


def _born(pid: int) -> int | None:
    """Return the start time of a live process in clock ticks, None when it is gone or a zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The program's name stands in brackets and may hold spaces, so count from the last bracket.
    fields = text.rpartition(")")[2].split()
    return None if fields[0] == "Z" else int(fields[19])


def alive(process: Process | None) -> bool:
    """Tell whether a recorded process is still running, and still the one recorded."""
    return process is not None and _born(process.pid) == process.born


def start(
    command: Sequence[str],
    log: Path,
    *,
    address: str,
    serves: str,
    env: Mapping[str, str] | None = None,
) -> Process:
    """Start a program that outlives this one, its output going to `log`.

    Raises
    ------
    RigError
        When it ends at once.
    """
    done = subprocess.run(
        ["/bin/sh", "-c", DETACH, "rig", str(log), *command],
        check=True,
        capture_output=True,
        text=True,
        start_new_session=True,
        cwd="/",
        env={**os.environ, **(env or {})},
    )
    pid = int(done.stdout)
    born = _born(pid)
    if born is None:
        raise RigError(f"{command[0]} ended at once. Its log is {log}.")
    return Process(pid=pid, born=born, address=address, serves=serves)


def stop(process: Process | None, patience: float = 15) -> None:
    """End a recorded process: ask first, insist after `patience` seconds, never touch another."""
    if process is None or not alive(process):
        return
    os.kill(process.pid, signal.SIGTERM)
    deadline = time.monotonic() + patience
    while alive(process):
        if time.monotonic() > deadline:
            os.kill(process.pid, signal.SIGKILL)
            return
        time.sleep(0.05)
