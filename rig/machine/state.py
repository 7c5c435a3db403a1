"""The cache folder: where it is, its lock, atomic writes, and the record of what was started."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rig.machine.process import Process
from rig.machine.progress import note


def cache_dir() -> Path:
    """Return the folder that holds everything heavy; it is made when absent."""
    if chosen := os.environ.get("RIG_CACHE"):
        folder = Path(chosen)
    else:
        home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        folder = Path(home) / "ds-cookiecutter-rig"
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


def scratch() -> Path | None:
    """Return where short-lived trees of many small files go, None for the usual place.

    Memory, when there is enough: making ten thousands of files takes a disk minutes.
    """
    memory = Path("/dev/shm")  # noqa: S108 - the folders in it are made by tempfile
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 4 << 30
    return memory if roomy else None


@contextmanager
def locked() -> Iterator[None]:
    """Keep other rigs with the same cache folder out, waiting for one that is at work."""
    with (cache_dir() / "lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            note("another rig is at work in this cache folder, waiting for it …")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def atomic_folder(final: Path) -> Iterator[Path]:
    """Yield a temporary folder that becomes `final` if the block succeeds, and else vanishes."""
    final.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f"{final.name}.part-", dir=final.parent))
    try:
        # mkdtemp makes it private; containers and other users read some of these folders.
        temporary.chmod(0o755)
        yield temporary
        if final.exists():
            shutil.rmtree(final)
        temporary.rename(final)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def atomic_write(path: Path, text: str) -> None:
    """Write a small text file so that a reader sees the old or the new content, never half."""
    temporary = path.with_name(f"{path.name}.part-{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


@dataclass
class State:
    """What `up` started and answered, kept between runs in `state.json`."""

    processes: dict[str, Process] = field(default_factory=dict)
    containers: dict[str, str] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    rig: dict[str, Any] | None = None

    @staticmethod
    def load() -> State:
        """Read the record; one that is absent or unreadable counts as empty."""
        try:
            raw = json.loads((cache_dir() / "state.json").read_text(encoding="utf-8"))
            return State(
                processes={name: Process(**value) for name, value in raw["processes"].items()},
                containers=dict(raw["containers"]),
                ports=dict(raw["ports"]),
                rig=raw["rig"],
            )
        except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
            return State()

    def save(self) -> None:
        """Write the record, so that a later run can reuse or stop what this one started."""
        atomic_write(cache_dir() / "state.json", json.dumps(asdict(self), indent=2) + "\n")
