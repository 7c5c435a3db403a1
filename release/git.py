"""git, in a folder."""

from __future__ import annotations

import subprocess
from pathlib import Path

from packaging.version import InvalidVersion, Version

from release.errors import RefusedError


def call(folder: Path, *words: str) -> str:
    """Return what git prints for *words*."""
    done = subprocess.run(
        ["git", *words], cwd=folder, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout.strip()


def files(folder: Path, *patterns: str) -> list[str]:
    """Return the tracked files that match."""
    return call(folder, "ls-files", "-z", "--", *patterns).rstrip("\0").split("\0")


def commit_of(folder: Path, name: str) -> str:
    """Return the full hash of the commit that *name* stands for.

    Raises
    ------
    RefusedError
        When there is none.
    """
    found = call(folder, "rev-list", "--no-walk", "--ignore-missing", name, "--")
    if not found:
        raise RefusedError(f"'{name}' is no commit")
    return found


def versions(folder: Path) -> list[Version]:
    """Return the versions that have a tag, oldest first."""
    found = []
    for tag in call(folder, "tag", "--list", "v*").split():
        try:
            found.append(Version(tag.removeprefix("v")))
        except InvalidVersion:
            continue
    return sorted(found)


def commit(folder: Path, message: str, names: list[str]) -> None:
    """Commit the named files."""
    call(folder, "commit", "--quiet", f"--message={message}", "--", *names)
