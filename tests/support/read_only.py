"""Python where one folder is read-only, for it alone, even for root."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_UNSHARED = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
_MOUNT = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"'


def python(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run this Python with *words* where *folder* is read-only; skip where nobody may mount."""

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        mounting = [*_UNSHARED, _MOUNT, "sh", str(folder), *command]
        return subprocess.run(mounting, capture_output=True, text=True, check=False)

    try:
        tried = run("true")
    except FileNotFoundError:
        pytest.skip("this system has no unshare")
    if tried.returncode:
        pytest.skip(f"this machine lets nobody mount, not even for one process: {tried.stderr}")
    return run(sys.executable, *words)
