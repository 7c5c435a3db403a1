"""Histories of real locks: of public repositories, or of a folder."""

from __future__ import annotations

import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks import _measure, _slice
from conda_strata.lock import lockfile
from conda_strata.lock.model import Lock
from rig.machine.commands import run
from rig.machine.errors import RigError
from rig.machine.progress import step
from rig.machine.state import atomic_folder, cache_dir

FILE = "pixi.lock"
READABLE = re.compile(r"^version: [67]$", re.MULTILINE)
"""The line of a lock that strata can read."""


@dataclass(frozen=True)
class Repository:
    """A public repository that has a lock.

    Attributes
    ----------
    url
        Where git clones it from.
    commit
        The last one of its history here, so that the figures stay the same.
    """

    url: str
    commit: str


TUNED = "PyPSA-Eur"
"""The history that the layer plan was made with; the others judge it."""

REPOSITORIES = {
    TUNED: Repository(
        "https://github.com/PyPSA/pypsa-eur", "16ed084ecd04e481d67c24a2af284275ca47dde8"
    ),
    "imod-python": Repository(
        "https://github.com/Deltares/imod-python", "e535591f4520029c2cd71c96932a2105a9a0cbdf"
    ),
    "Ribasim": Repository(
        "https://github.com/Deltares/Ribasim", "1423077ff2c889e25070401b0d39777156e6a791"
    ),
}


def gather(name: str) -> Path | None:
    """Return a folder with all locks of a repository, in the order of their names.

    They are fetched once, and kept in the rig's cache. Where that fails, the reason is printed, and there
    is no folder.
    """
    try:
        return _kept(name)
    except RigError as error:
        print(f"skipped: the history of {name}: {error}")
        return None


def files(folder: Path) -> list[Path]:
    """Return the lock files of a folder, in the order of their names; at least two."""
    found = sorted(folder.rglob("*.lock"))
    if len(found) < 2:
        sys.exit(f"{folder} has no history: it needs two lock files at least")
    return found


def read(folder: Path) -> list[Lock]:
    """Read the lock files of a folder."""
    return [lockfile.read(file) for file in files(folder)]


def _kept(name: str) -> Path:
    repository = REPOSITORIES[name]
    folder = cache_dir() / "histories" / f"{name}-{repository.commit[:12]}"
    if not folder.exists():
        with (
            step(f"history of {name}"),
            tempfile.TemporaryDirectory() as clone,
            atomic_folder(folder) as new,
        ):
            archive = _slice.DATA / f"{name.lower()}-locks.tar.zst"
            if archive.exists():
                _measure.apart(_slice.unpack, archive, new)
            else:
                _extract(repository, Path(clone), new)
    return folder


def _extract(repository: Repository, clone: Path, folder: Path) -> None:
    fix = f"Check that {repository.url} can be reached, or name a folder of locks."
    # Without the other files' contents, which git fetches when they are asked for.
    bare = ("--quiet", "--bare", "--filter=blob:none")
    run(["git", "clone", *bare, repository.url, str(clone)], fix=fix)
    git = ["git", "-C", str(clone)]
    log = ("log", "--first-parent", "--reverse", "--diff-filter=AM", "--format=%cs-%h")
    commits = run([*git, *log, repository.commit, "--", FILE], fix=fix).split()
    for number, commit in enumerate(commits):
        text = run([*git, "show", f"{commit.rpartition('-')[2]}:{FILE}"], fix=fix)
        if READABLE.search(text):
            (folder / f"{number:04}-{commit}.lock").write_text(text, "utf-8")
