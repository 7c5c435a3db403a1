"""What a prefix holds, and what an installation would change in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rattler import RepoDataRecord

from conda_strata.core import atomic
from conda_strata.prefix import wheels
from conda_strata.prefix.readiness import is_there
from conda_strata.pypi.wheel import Wheel

_NOTE = "conda-meta/strata-environment"


@dataclass(frozen=True)
class Changes:
    """Names of the packages that an installation installs, updates and removes."""

    installed: tuple[str, ...]
    updated: tuple[str, ...]
    removed: tuple[str, ...]


def environment(prefix: Path) -> str | None:
    """Return the name of the environment that strata installed into *prefix*, if it did."""
    note = prefix / _NOTE
    if note.is_symlink() or not note.is_file():  # what a link leads to is no name, and is not told
        return None
    try:
        return note.read_text("utf-8").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def remember(prefix: Path, name: str) -> None:
    """Note in *prefix* which environment it holds."""
    if environment(prefix) != name:
        atomic.write(prefix / _NOTE, f"{name}\n".encode())


def changes(
    prefix: Path, records: Sequence[RepoDataRecord], locked_wheels: Sequence[Wheel]
) -> Changes:
    """Return what bringing *prefix* to these packages changes.

    Parameters
    ----------
    prefix
        The environment's folder, which need not be there.
    records, locked_wheels
        All packages that it shall hold.
    """
    before = {file.stem.rsplit("-", 2)[0] for file in (prefix / "conda-meta").glob("*-*-*.json")}
    wanted = {record.name.normalized for record in records}
    new = {r.name.normalized for r in records if not is_there(prefix, r)}
    urls = {name: url for _, name, url in wheels.installed(prefix)}
    lacking = {wheel.name for wheel in locked_wheels if wheel.url not in urls.values()}
    wheels_wanted = {wheel.name for wheel in locked_wheels}
    return Changes(
        tuple(sorted(new - before)) + tuple(sorted(lacking - urls.keys())),
        tuple(sorted(new & before)) + tuple(sorted(lacking & urls.keys())),
        tuple(sorted(before - wanted)) + tuple(sorted(urls.keys() - wheels_wanted)),
    )
