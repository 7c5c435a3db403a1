"""Fetch the locked wheels for the running interpreter."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from rig.commands import run, succeeds
from rig.errors import RigError
from rig.progress import step
from rig.state import atomic_folder, cache_dir

HERE = Path(__file__).parent
LOCK = HERE / "requirements.txt"


def wheels() -> Path:
    """Return the folder with every wheel of the lock, downloading them when it is not there.

    Raises
    ------
    RigError
        When there is no pip, PyPI is out of reach, or a file's hash is not the locked one.
    """
    tag = f"{sys.implementation.cache_tag}-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]}"
    folder = cache_dir() / f"wheels-{tag}"
    if not folder.exists():
        with step("wheels from PyPI"), atomic_folder(folder) as temporary:
            run(
                [
                    *(*_pip(), "download", "--quiet", "--disable-pip-version-check"),
                    # The lock is complete and hashed: nothing is resolved, nothing else comes in.
                    *("--require-hashes", "--no-deps", "--only-binary", ":all:"),
                    *("--progress-bar", "off", "-d", str(temporary), "-r", str(LOCK)),
                ],
                mend="Check that PyPI can be reached, and that its wheels fit this Python.",
            )
        for old in cache_dir().glob(f"wheels-{sys.implementation.cache_tag}-*"):
            if old != folder:
                shutil.rmtree(old, ignore_errors=True)
    return folder


def _pip() -> list[str]:
    """Return how to run pip for this version of Python: here, behind the venv, or in a new one."""
    base = getattr(sys, "_base_executable", sys.executable)
    for python in (sys.executable, base):
        if succeeds([python, "-m", "pip", "--version"]):
            return [python, "-m", "pip"]
    home = cache_dir() / f"pip-{sys.implementation.cache_tag}"
    python = str(home / "bin" / "python")
    if not succeeds([python, "-m", "pip", "--version"]):
        try:
            subprocess.run([base, "-m", "venv", "--clear", str(home)], check=True)
        except subprocess.CalledProcessError as error:
            raise RigError("This Python has no pip. Install pip (Debian: python3-venv).") from error
    return [python, "-m", "pip"]
