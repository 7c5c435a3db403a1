"""Wheels onto the disk: uv installs what the ``pip:`` lists brought into the lock."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from importlib.metadata import distributions
from pathlib import Path

from rattler import RepoDataRecord

from conda_strata.core.errors import LockError, NetworkError, StrataError
from conda_strata.lock.gate import wheel_fault
from conda_strata.pypi.uv import uv_command
from conda_strata.pypi.wheel import Wheel
from conda_strata.pypi.wheel_tags import Target

_log = logging.getLogger(__name__)


def site_packages(records: Sequence[RepoDataRecord]) -> str:
    """Return the folder of Python packages in a prefix with *records*, relative to the prefix.

    Raises
    ------
    LockError
        When there is no python among them.
    """
    python = next((record for record in records if record.name.normalized == "python"), None)
    if python is None:
        raise LockError(
            "the lock has wheels, and no python for them",
            "Restore the lock from git, or add python to environment.yml and run 'strata lock'.",
        )
    if python.python_site_packages_path:
        return python.python_site_packages_path
    if python.subdir.startswith("win-"):
        return "Lib/site-packages"
    minor = ".".join(str(python.version).split(".")[:2])
    return f"lib/python{minor}/site-packages"


def remove_stale(prefix: Path, wheels: Sequence[Wheel], folder: str | None) -> None:
    """Take the wheels out of *prefix* that strata put there and that *wheels* lacks.

    Parameters
    ----------
    prefix
        The environment, as it is before its conda packages change.
    wheels
        What it shall hold.
    folder
        Where that will be, relative to *prefix*; None where there will be no Python.

    Raises
    ------
    StrataError
        When they cannot be removed.
    """
    wanted = {wheel.url for wheel in wheels}
    stale = [
        name for place, name, url in _installed(prefix) if url not in wanted or place != folder
    ]
    if stale:
        _run("pip", "uninstall", "--python", str(_python(prefix)), *stale)


def install_wheels(prefix: Path, wheels: Sequence[Wheel]) -> None:
    """Add those of *wheels* to *prefix* that are not there.

    Raises
    ------
    NetworkError
        When a wheel cannot be downloaded, or is not what the lock says (SHA-256).
    StrataError
        When the prefix cannot be written.
    """
    present = {url for _, _, url in _installed(prefix)}
    missing = [wheel for wheel in wheels if wheel.url not in present]
    if missing:
        _install(missing, "--python", str(_python(prefix)))


def link_wheels(
    wheels: Sequence[Wheel], tree: Path, target: Target, folder: str, home: str
) -> None:
    """Write *wheels* into *tree* as they will lie in the environment *home*, on any platform.

    Nothing of *target* is run. What tells of this machine, the first line of scripts, is made
    that of *home*.

    Raises
    ------
    NetworkError
        When a wheel cannot be downloaded, or is not what the lock says (SHA-256).
    """
    words = ["--prefix", str(tree), "--link-mode", "copy", "--python", sys.executable]
    words += ["--python-version", target.python, "--python-platform", target.uv_name]
    _install(wheels, *words, environment=target.environment)
    (tree / ".lock").unlink(missing_ok=True)
    (written,) = _places(tree)
    if written != tree / folder:
        (tree / folder).parent.mkdir(parents=True, exist_ok=True)
        written.rename(tree / folder)
    for script in sorted((tree / "bin").glob("*")):
        _give_home(script, f"#!{home}/bin/python")
    for record in (tree / folder).glob("*.dist-info/RECORD"):
        _renew_hashes(record, tree / "bin")


def _give_home(script: Path, first: str) -> None:
    lines = script.read_bytes().split(b"\n")
    here = sys.executable.encode()
    if lines[0] == b"#!/bin/sh" and here in lines[1]:
        lines[:3] = [first.encode()]
    elif lines[0] == b"#!" + here:
        lines[0] = first.encode()
    script.write_bytes(b"\n".join(lines))


def _renew_hashes(record: Path, scripts: Path) -> None:
    lines = []
    for line in sorted(record.read_text("utf-8").splitlines()):
        path, _, _ = line.partition(",")
        file = Path(os.path.normpath(record.parent.parent / path))
        if file.parent == scripts:
            digest = base64.urlsafe_b64encode(hashlib.sha256(file.read_bytes()).digest())
            hashed = digest.rstrip(b"=").decode()
            lines.append(f"{path},sha256={hashed},{file.stat().st_size}")
        else:
            lines.append(line)
    record.write_text("\n".join(lines) + "\n", "utf-8")


def _install(
    wheels: Sequence[Wheel], *words: str, environment: dict[str, str] | None = None
) -> None:
    with tempfile.TemporaryDirectory(prefix="strata-pip-") as name:
        listed = Path(name) / "requirements.txt"
        listed.write_text("".join(map(_requirement, wheels)), "utf-8")
        strict = ("--no-deps", "--require-hashes", "--only-binary", ":all:")
        _run("pip", "install", *words, *strict, "-r", str(listed), environment=environment)


def _requirement(wheel: Wheel) -> str:
    """Return the line for uv, which nothing in the lock can end, extend or make an option.

    Raises
    ------
    LockError
        When it could.
    """
    fault = wheel_fault(wheel.name, wheel.url)
    if fault is None and not re.fullmatch("[0-9a-f]{64}", wheel.sha256):
        fault = "it has no SHA-256"
    if fault:
        raise LockError(
            f"the wheel {wheel.name!a} of the lock: {fault}",
            "Restore the lock from git, or delete it and run 'strata lock'.",
        )
    return f"{wheel.name} @ {wheel.url}#sha256={wheel.sha256}\n"


def _run(*words: str, environment: dict[str, str] | None = None) -> None:
    command = uv_command(*words, "--quiet", "--no-progress", "--color", "never")
    _log.debug("%s", shlex.join(command))
    done = subprocess.run(
        command,
        env=os.environ | (environment or {}),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return
    reason = done.stderr.strip().removeprefix("error: ")
    if any(sign in reason for sign in ("download", "fetch", "Hash mismatch", "request")):
        raise NetworkError(
            f"a wheel cannot be downloaded: {reason}",
            "Check the network, the proxy and uv's configuration; then repeat.",
        )
    raise StrataError(
        f"uv failed: {reason}", "That is uv's own message; -v shows the command that failed."
    )


def _installed(prefix: Path) -> Iterator[tuple[str, str, str]]:
    """Yield the folder, name and URL of each wheel in *prefix* that came from a lock.

    What a person added by hand, with pip or as an editable project, is not among them.
    """
    for place in _places(prefix):
        for found in distributions(path=[str(place)]):
            if (found.read_text("INSTALLER") or "").strip() == "uv":
                source = json.loads(found.read_text("direct_url.json") or "{}")
                if "archive_info" in source:
                    yield place.relative_to(prefix).as_posix(), found.name, source["url"]


def _places(prefix: Path) -> list[Path]:
    """Return the folders of Python packages; conda's ``lib/python3.1`` is but a link to one."""
    found = [*prefix.glob("lib/python*/site-packages"), *prefix.glob("Lib/site-packages")]
    return sorted(place for place in found if not place.parent.is_symlink())


def _python(prefix: Path) -> Path:
    script = prefix / "python.exe"
    return script if script.exists() else prefix / "bin" / "python"
