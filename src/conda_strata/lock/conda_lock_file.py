"""``conda-lock.yml``, version 1: the lock of conda-lock, read as one of ours.

The format is described by https://schemas.conda.org/conda-lock-v1.schema.json.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import yaml
from rattler import RepoDataRecord

from conda_strata.core.errors import LockError
from conda_strata.lock.conda_lock_entry import Malformed, as_list, as_mapping, as_text, package
from conda_strata.lock.location import channel_url, shown
from conda_strata.lock.model import Lock
from conda_strata.pypi.wheel import Wheel
from conda_strata.spec.manifest import DEFAULT

MAIN = "main"
"""What conda-lock calls the category that is always installed."""

_FIX = "Make it again with 'conda-lock', or lock environment.yml with 'strata lock'."
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
"""One that leaves all scalars text: 1.10 is a version, not a number."""

_MOST_DEPENDENCIES = 300_000
"""Of all packages together; an alias of YAML could stand for many."""

_Package = TypeVar("_Package", RepoDataRecord, Wheel)


def parse(path: Path, text: str) -> Lock:
    """Return the lock that *text*, the content of *path*, holds.

    The category ``main`` is the environment ``default``; each other category is an environment
    of its name, which contains ``default``.

    Raises
    ------
    LockError
        When it is malformed; the message names the entry.
    """
    content = _load(path, text)
    try:
        metadata = as_mapping(as_mapping(content).get("metadata"))
        channels = tuple(_channels(metadata))
        subdirs = [as_text(subdir) for subdir in as_list(metadata.get("platforms"))]
        entries = as_list(as_mapping(content).get("package"))
    except Malformed as error:
        raise LockError(f"{path}: metadata or package list: {error}", _FIX) from error
    _require_few_dependencies(path, entries)
    records: dict[str, dict[str, list[RepoDataRecord]]] = {MAIN: {s: [] for s in subdirs}}
    wheels: dict[str, dict[str, list[Wheel]]] = {}
    for category, subdir, found in _packages(path, entries):
        records.setdefault(category, {}).setdefault(subdir, [])
        if isinstance(found, Wheel):
            wheels.setdefault(category, {}).setdefault(subdir, []).append(found)
        else:
            records[category][subdir].append(found)
    if DEFAULT in records:
        raise LockError(f"{path}: a category called {DEFAULT!r} is not supported", _FIX)
    names = {category: DEFAULT if category == MAIN else category for category in records}
    return Lock(
        {name: _with_main(records, category) for category, name in names.items()},
        channels,
        path,
        {name: _with_main(wheels, category) for category, name in names.items()},
    )


def _load(path: Path, text: str) -> object:
    try:
        return yaml.load(text, Loader=_LOADER)  # noqa: S506 - makes text, lists and mappings
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise LockError(f"{path}:{line}: not YAML: {error.problem}", _FIX) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise LockError(f"{path} is not YAML that can be read", _FIX) from error


def _channels(metadata: Mapping[str, object]) -> Iterator[str]:
    for entry in as_list(metadata.get("channels")):
        yield channel_url(as_text(entry.get("url") if isinstance(entry, dict) else entry))


def _require_few_dependencies(path: Path, entries: Sequence[object]) -> None:
    count = sum(
        len(found)
        for entry in entries
        if isinstance(entry, dict) and isinstance(found := entry.get("dependencies"), dict)
    )
    if count > _MOST_DEPENDENCIES:
        raise LockError(f"{path}: more than {_MOST_DEPENDENCIES:,} dependencies", _FIX)


def _packages(
    path: Path, entries: Sequence[object]
) -> Iterator[tuple[str, str, RepoDataRecord | Wheel]]:
    """Yield category, subdir and package of each entry."""
    for number, entry in enumerate(entries, 1):
        try:
            fields = as_mapping(entry)
            category = as_text(fields.get("category") or MAIN)
            subdir = as_text(fields.get("platform"))
            found = package(fields)
        except Malformed as error:
            name = shown(str(entry.get("name", ""))) if isinstance(entry, dict) else ""
            where = f"package {number}{f' ({name})' if name else ''}"
            raise LockError(f"{path}: {where}: {error}", _FIX) from error
        yield category, subdir, found


def _with_main(
    found: Mapping[str, Mapping[str, Sequence[_Package]]], category: str
) -> dict[str, list[_Package]]:
    """Return subdir to the packages of a category and of main, each file once."""
    subdirs = {subdir for name in (MAIN, category) for subdir in found.get(name, {})}
    return {
        subdir: sorted(
            {
                package.url: package
                for name in (MAIN, category)
                for package in found.get(name, {}).get(subdir, ())
            }.values(),
            key=_name,
        )
        for subdir in sorted(subdirs)
    }


def _name(package: RepoDataRecord | Wheel) -> str:
    return package.name if isinstance(package, Wheel) else package.name.normalized
