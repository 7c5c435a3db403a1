"""Files of other tools that are given as a lock: which of them is read, and what the others are."""

from __future__ import annotations

import re
from pathlib import Path

from conda_strata.core.errors import LockError

NEWEST = 7
"""The newest version of rattler's lock format that is read."""

_START = 10_000
"""Bytes that the version of a lock stands in, after comments."""

_LOOKED_AT = 1_000_000
"""Bytes by which a file is told that is no lock."""

_RESTORE = "Restore it from git, or delete it and run 'strata lock'."
_THEIRS = "Restore it from git, or let the tool that wrote it write it again."
_LOCK_IT = "Give --lock a strata.lock or pixi.lock; 'strata lock' makes one from environment.yml."
_VERSION = r"(?m)^version: *['\"]?([0-9]{1,9})\b"
_REQUIREMENT = (
    r"(?:-r|-c|-e|--[a-z-]+)[ =]\S|[A-Za-z0-9][\w.-]*(?:\[[^\]]*\])? *(?:[=<>!~]=|[<>]|@ )"
)


def explain(path: Path, error: Exception | None = None) -> LockError:
    """Return what to tell a user whose lock *path* rattler refused with *error*."""
    try:
        with path.open("rb") as opened:
            text = opened.read(_LOOKED_AT).decode("utf-8", errors="replace")
    except OSError as failure:
        return LockError(f"{path} cannot be read: {failure.strerror or failure}", _RESTORE)
    own = path.name == "strata.lock"
    what, fix = _identify(text, own=own)
    if what:
        return LockError(f"{path} {what}", fix)
    fix = _RESTORE if own else _THEIRS
    if found := re.search(r"at line (\d+) column", str(error)):
        return LockError(f"{path}:{found[1]}: this is damaged: it is no YAML from here on", fix)
    # what rattler says holds words of the file, which a link could make any file of this machine
    said = "" if path.is_symlink() else f": {error}"
    return LockError(f"{path} is not a lock that strata can read{said}", fix)


def conda_lock_text(path: Path) -> str | None:
    """Return the text of *path* where that is a conda-lock.yml of version 1; else None."""
    try:
        with path.open("rb") as opened:
            start = opened.read(_START).decode("utf-8", errors="replace")
        if _version(start) != 1:
            return None
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    return text if _is_conda_lock(1, _keys(text)) else None


def _is_conda_lock(version: int | None, keys: set[str]) -> bool:
    return version == 1 and {"metadata", "package"} <= keys


def _version(text: str) -> int | None:
    found = re.search(_VERSION, text)
    return int(found[1]) if found else None


def _keys(text: str) -> set[str]:
    return set(re.findall(r"^([a-z_-]+):", text, re.MULTILINE))


def _identify(text: str, *, own: bool) -> tuple[str, str]:
    if re.search(r"^(?:<{7}|>{7})(?: |$)", text, re.MULTILINE):
        return (
            "has conflict markers (<<<<<<<) of a merge",
            "Take one side ('git checkout --ours FILE' or '--theirs') and "
            + ("run 'strata lock'." if own else "let the tool that wrote it lock again."),
        )
    if re.search(r"^@EXPLICIT\s*$", text, re.MULTILINE):
        return (
            "is an explicit file (@EXPLICIT) of conda, not a lock of strata",
            f"'conda create --name NAME --file FILE' installs it. {_LOCK_IT}",
        )
    version, keys = _version(text), _keys(text)
    if _is_conda_lock(version, keys):
        return (
            "is a conda-lock.yml, which strata reads but does not write",
            "Let 'strata lock' write strata.lock, and 'strata export --format conda-lock' this.",
        )
    if version == 1 and {"environments", "packages"} <= keys:
        return (
            "is a conda.lock of conda-workspaces, not a lock of strata",
            f"'conda workspace install' installs it. {_LOCK_IT}",
        )
    if version is not None and version > NEWEST:
        return (
            f"has the lock format version {version}; this strata reads versions up to {NEWEST}",
            "Upgrade strata." if own else "Upgrade strata, or write the lock with an older pixi.",
        )
    if "dependencies" in keys and "packages" not in keys:
        return (
            "is an environment file, not a lock",
            "Name it environment.yml; 'strata lock' then makes strata.lock from it.",
        )
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if lines and all(
        re.match(_REQUIREMENT, line) or re.fullmatch(r"[A-Za-z0-9][\w.-]*|--hash=\S+( \\)?", line)
        for line in lines
    ):
        return (
            "is a requirements.txt of pip, not a lock of strata",
            f"Put its lines into the 'pip:' list of environment.yml. {_LOCK_IT}",
        )
    return "", ""
