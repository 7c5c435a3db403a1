"""``conda-lock.yml``, version 1: the lock of conda-lock, read as one of ours.

The format is described by https://schemas.conda.org/conda-lock-v1.schema.json. It has neither
build numbers nor the kind of a noarch package, which are taken from file names and dependencies.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import yaml
from packaging.utils import canonicalize_name
from rattler import BuildString, MatchSpec, NoArchType, PackageRecord, RepoDataRecord
from rattler.exceptions import (
    InvalidMatchSpecError,
    InvalidPackageNameError,
    InvalidUrlError,
    InvalidVersionError,
)

from conda_strata.core.errors import LockError
from conda_strata.lock.location import channel_url, shown
from conda_strata.lock.model import Lock
from conda_strata.pypi.wheel import Wheel
from conda_strata.spec.dependency import package_name
from conda_strata.spec.manifest import DEFAULT

MAIN = "main"
"""What conda-lock calls the category that is always installed."""

_FIX = "Make it again with 'conda-lock', or lock environment.yml with 'strata lock'."
_FILE = re.compile(r"(?P<name>.+)-(?P<version>[^-]+)-(?P<build>[^-]+)\.(?:conda|tar\.bz2)")
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
"""One that leaves all scalars text: 1.10 is a version, not a number."""


_MOST_DEPENDENCIES = 300_000
"""Of all packages together; an alias of YAML could stand for many."""

_Package = TypeVar("_Package", RepoDataRecord, Wheel)


class _Malformed(Exception):  # noqa: N818 - of this module only
    """What is wrong with an entry."""


def parse(path: Path, text: str) -> Lock:
    """Return the lock that *text*, the content of *path*, holds.

    The category ``main`` is the environment ``default``; each other category is an environment
    of its name, which contains ``default``.

    Raises
    ------
    LockError
        When it is malformed; the message names the entry.
    """
    try:
        content = yaml.load(text, Loader=_LOADER)  # noqa: S506 - makes text, lists and mappings
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise LockError(f"{path}:{line}: not YAML: {error.problem}", _FIX) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise LockError(f"{path} is not YAML that can be read", _FIX) from error
    try:
        metadata = _mapping(_mapping(content).get("metadata"))
        channels = tuple(_channels(_mapping(metadata)))
        entries: list[Any] = _list(_mapping(content).get("package"))
        subdirs = [_text(subdir) for subdir in _list(_mapping(metadata).get("platforms"))]
    except _Malformed as error:
        raise LockError(f"{path}: metadata or package list: {error}", _FIX) from error
    records: dict[str, dict[str, list[RepoDataRecord]]] = {MAIN: {s: [] for s in subdirs}}
    wheels: dict[str, dict[str, list[Wheel]]] = {}
    needs = sum(
        len(found)
        for entry in entries
        if isinstance(entry, dict) and isinstance(found := entry.get("dependencies"), dict)
    )
    if needs > _MOST_DEPENDENCIES:
        raise LockError(f"{path}: more than {_MOST_DEPENDENCIES:,} dependencies", _FIX)
    for number, entry in enumerate(entries, 1):
        try:
            package = _package(_mapping(entry))
        except _Malformed as error:
            name = shown(str(entry.get("name", ""))) if isinstance(entry, dict) else ""
            where = f"package {number}{f' ({name})' if name else ''}"
            raise LockError(f"{path}: {where}: {error}", _FIX) from error
        category, subdir = entry.get("category") or MAIN, entry["platform"]
        records.setdefault(category, {}).setdefault(subdir, [])
        if isinstance(package, Wheel):
            wheels.setdefault(category, {}).setdefault(subdir, []).append(package)
        else:
            records[category][subdir].append(package)
    names = {MAIN: DEFAULT, **{name: name for name in records if name != MAIN}}
    if DEFAULT in records:
        raise LockError(f"{path}: a category called {DEFAULT!r} is not supported", _FIX)
    return Lock(
        {name: _with_main(records, category) for category, name in names.items()},
        channels,
        path,
        {name: _with_main(wheels, category) for category, name in names.items()},
    )


def _package(fields: Mapping[str, object]) -> RepoDataRecord | Wheel:
    _text(fields.get("platform"))
    _text(fields.get("category") or MAIN)
    if fields.get("manager") == "pip":
        return _wheel(fields)
    if fields.get("manager") == "conda":
        return _record(fields)
    raise _Malformed("its manager is neither conda nor pip")


def _record(fields: Mapping[str, object]) -> RepoDataRecord:
    name, url = _text(fields.get("name")), _text(fields.get("url"))
    try:
        *folders, subdir, file = unquote(urlsplit(url).path).split("/")
    except ValueError:
        raise _Malformed(f"{shown(url)} is no URL of a package") from None
    parts = _FILE.fullmatch(file)
    if not folders or not parts:
        raise _Malformed(f"{shown(url)} is no URL of a package")
    if (parts["name"], parts["version"]) != (name, fields.get("version")):
        raise _Malformed(f"{shown(file)} is another package")
    depends = list(_depends(_mapping(fields.get("dependencies") or {})))
    build_number = re.search(r"(?:^|_)([0-9]{1,9})$", parts["build"])
    # What rattler assumes of locks that do not tell the kinds of noarch packages apart, too.
    kind = NoArchType("python" if "python" in map(package_name, depends) else "generic")
    hashes = _mapping(fields.get("hash") or {})
    try:
        record = PackageRecord(
            name,
            parts["version"],
            BuildString(parts["build"]),
            int(build_number[1]) if build_number else 0,
            subdir,
            noarch=kind if subdir == "noarch" else None,
            depends=depends,
            sha256=_digest(hashes, "sha256", 64),
            md5=_digest(hashes, "md5", 32),
        )
        return RepoDataRecord(record, file, url, url.rsplit("/", 2)[0])
    except (InvalidPackageNameError, InvalidVersionError, InvalidUrlError, ValueError) as error:
        raise _Malformed(str(error).splitlines()[0]) from error


def _wheel(fields: Mapping[str, object]) -> Wheel:
    sha256 = _digest(_mapping(fields.get("hash") or {}), "sha256", 64)
    requires = {canonicalize_name(name) for name in _mapping(fields.get("dependencies") or {})}
    return Wheel(
        canonicalize_name(_text(fields.get("name"))),
        _text(fields.get("version")),
        _text(fields.get("url")),
        (sha256 or b"").hex(),
        tuple(sorted(requires)),
    )


def _depends(constraints: Mapping[str, object]) -> Iterator[str]:
    """Yield the dependencies as MatchSpecs; of one that is none, the name."""
    for name, constraint in constraints.items():
        text = f"{name} {_text(constraint, empty=True)}".strip()
        try:
            MatchSpec(text)
        except InvalidMatchSpecError:
            text = name
        yield text


def _digest(hashes: Mapping[str, object], kind: str, length: int) -> bytes | None:
    text = _text(hashes.get(kind) or "", empty=True)
    if not text:
        return None
    if not re.fullmatch(rf"[0-9a-fA-F]{{{length}}}", text):
        raise _Malformed(f"its {kind} is not of {length} hexadecimal digits")
    return bytes.fromhex(text)


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


def _channels(metadata: Mapping[str, object]) -> Iterator[str]:
    for entry in _list(metadata.get("channels")):
        yield channel_url(_text(entry.get("url") if isinstance(entry, dict) else entry))


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise _Malformed("a mapping is missing")
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise _Malformed("a list is missing")
    return value


def _text(value: object, *, empty: bool = False) -> str:
    if not isinstance(value, str) or not (value or empty):
        raise _Malformed("a text is missing")
    return value
