"""Run other programs, and install them with apt where that is possible."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from rig.machine.errors import RigError

# Parts, and tests, that are made side by side may want packages at the same time; apt takes one.
_APT_LOCK = Path(tempfile.gettempdir()) / "ds-cookiecutter-rig-apt.lock"


def tail(text: str, lines: int = 15) -> str:
    """Return the last lines of a program's output, indented for an error message."""
    return "\n".join(f"    {line}" for line in text.strip().splitlines()[-lines:])


def run(
    command: Sequence[str],
    *,
    fix: str,
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
) -> str:
    """Run a command and return its stdout.

    Parameters
    ----------
    command
        The program and its arguments; no shell is involved.
    fix
        What the reader of a failure should do.
    env
        Variables added to this process's environment.
    timeout
        Seconds before the command is given up.

    Raises
    ------
    RigError
        When the program is missing, fails, or does not finish in time.
    """
    try:
        done = subprocess.run(
            command,
            check=False,
            text=True,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={**os.environ, **(env or {})},
            timeout=timeout,
        )
    except FileNotFoundError as error:
        raise RigError(f"{command[0]} is not installed. {fix}") from error
    except subprocess.TimeoutExpired as error:
        raise RigError(f"`{' '.join(command)}` took more than {timeout:.0f} s. {fix}") from error
    if done.returncode != 0:
        output = tail(done.stderr or done.stdout)
        raise RigError(f"`{' '.join(command)}` failed. {fix}\n{output}")
    return done.stdout


def succeeds(command: Sequence[str], timeout: float = 30) -> bool:
    """Tell whether a command can be run and exits with 0 within `timeout` seconds."""
    try:
        done = subprocess.run(
            command, check=False, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def is_root() -> bool:
    """Tell whether this process may change the system itself."""
    return os.geteuid() == 0


@cache
def as_root() -> list[str] | None:
    """Return what to put before a command that needs root, or None when there is no way."""
    if is_root():
        return []
    return ["sudo", "-n"] if succeeds(["sudo", "-n", "true"]) else None


def can_apt() -> bool:
    """Tell whether Debian or Ubuntu packages can be installed here without asking anybody."""
    return shutil.which("apt-get") is not None and as_root() is not None


def apt_install(*packages: str) -> None:
    """Install Debian packages, fetching fresh package lists first.

    Raises
    ------
    RigError
        When this is no Debian-like system, root is out of reach, or apt fails.
    """
    wanted = " ".join(packages)
    root = as_root()
    if root is None or not can_apt():
        raise RigError(f"Missing here: {wanted}. Install them with your system's package manager.")
    # Non-interactive, because nobody is there to answer debconf's questions.
    apt = [*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    fix = f"Run `apt-get install {wanted}` by hand to see why."
    with _APT_LOCK.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        run([*apt, "update", "-qq"], fix=fix)
        run([*apt, "install", "-y", "-qq", "--no-install-recommends", *packages], fix=fix)


def need(program: str, package: str) -> str:
    """Return the full path of a program, installing the Debian package that has it if need be.

    Raises
    ------
    RigError
        When the program is missing and cannot be installed.
    """
    if shutil.which(program) is None:
        apt_install(package)
    path = shutil.which(program)
    if path is None:
        raise RigError(f"{package} was installed, yet {program} is not on PATH. Check PATH.")
    return path
