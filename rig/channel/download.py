"""Fetch the locked wheels, for the running interpreter and for another platform."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from rig.machine.commands import run, succeeds
from rig.machine.errors import RigError
from rig.machine.platforms import Platform
from rig.machine.progress import note, step
from rig.machine.state import atomic_folder, cache_dir

HERE = Path(__file__).parent
LOCK = HERE / "requirements.txt"


def wheels() -> Path:
    """Return the folder with every wheel of the lock, downloading them when it is not there.

    Raises
    ------
    RigError
        When there is no pip, PyPI is out of reach, or a file's hash is not the locked one.
    """
    folder = _folder()
    if not folder.exists():
        with step("wheels from PyPI"), atomic_folder(folder) as temporary:
            _download(temporary, LOCK)
        _drop_others(folder)
    return folder


def foreign_wheels(platform: Platform, python: str, projects: Collection[str]) -> Path:
    """Return the folder with another platform's wheels of some of the locked projects.

    Those without such a wheel are left out, which is said in a note.

    Parameters
    ----------
    platform
        The platform.
    python
        Its Python, as "3.11".
    projects
        Normalised names, those whose wheels differ from platform to platform.

    Raises
    ------
    RigError
        When PyPI is out of reach, or a file's hash is not the locked one.
    """
    folder = _folder(f"{platform.machine}-")
    if folder.exists():
        return folder
    # Every glibc up to Debian 12's, and what the older ones are called in old wheels.
    tags = [f"manylinux_2_{minor}" for minor in range(36, 4, -1)]
    tags += ["manylinux2014", "manylinux2010", "manylinux1"]
    target = ["--implementation", "cp", "--python-version", python]
    target += [f"--platform={tag}_{platform.machine}" for tag in tags]
    target += [f"--abi={abi}" for abi in (f"cp{python.replace('.', '')}", "abi3", "none")]
    wanted = set(projects)
    with (
        step(f"wheels for {platform.subdir} from PyPI"),
        atomic_folder(folder) as temporary,
        tempfile.TemporaryDirectory() as scratch,
    ):
        lock = Path(scratch) / LOCK.name
        done = False
        while not done:
            lock.write_text(select(LOCK.read_text(encoding="utf-8"), wanted), encoding="utf-8")
            try:
                _download(temporary, lock, target)
                done = True
            except RigError as error:
                if (missing := _without_wheel(str(error))) not in wanted:
                    raise
                wanted.remove(missing)
                note(f"{missing} has no wheel for {platform.subdir}: it is not in the channel")
    _drop_others(folder)
    return folder


def select(lock: str, projects: Collection[str]) -> str:
    """Return the part of a requirements file that locks the given projects."""
    blocks = re.split(r"(?m)^(?=[A-Za-z0-9])", lock)[1:]
    return "".join(block for block in blocks if _project(block) in projects)


def _project(block: str) -> str:
    return canonicalize_name(Requirement(block.splitlines()[0].rstrip("\\ ")).name)


def _without_wheel(error: str) -> str:
    found = re.search(r"No matching distribution found for ([\w.-]+)", error)
    return canonicalize_name(found[1]) if found else ""


def _folder(prefix: str = "") -> Path:
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]
    return cache_dir() / f"wheels-{prefix}{sys.implementation.cache_tag}-{digest}"


def _drop_others(folder: Path) -> None:
    for old in folder.parent.glob(f"{folder.name.rpartition('-')[0]}-*"):
        if old != folder:
            shutil.rmtree(old, ignore_errors=True)


def _download(folder: Path, lock: Path, target: Sequence[str] = ()) -> None:
    run(
        [
            *(*_pip(), "download", "--quiet", "--disable-pip-version-check", *target),
            # The lock is complete and hashed: nothing is resolved, nothing else comes in.
            *("--require-hashes", "--no-deps", "--only-binary", ":all:"),
            *("--progress-bar", "off", "-d", str(folder), "-r", str(lock)),
        ],
        fix="Check that PyPI can be reached, and that its wheels fit this Python.",
    )


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
