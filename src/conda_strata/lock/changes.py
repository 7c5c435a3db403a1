"""The changes between two solutions of one platform."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TypeVar

from packaging.version import InvalidVersion
from packaging.version import Version as PythonVersion
from rattler import RepoDataRecord, Version

from conda_strata.core.urls import without_credentials
from conda_strata.pypi.wheel import Wheel

KINDS = ("added", "removed", "upgraded", "downgraded", "rebuilt")

CONDA = "conda"
PIP = "pip"

_HASH_DIGITS = 12
"""Digits of a hash that are shown: enough to tell two files apart."""

_Package = TypeVar("_Package", RepoDataRecord, Wheel)


@dataclass(frozen=True)
class Change:
    """One package that changed.

    Attributes
    ----------
    kind
        ``added``, ``removed``, ``upgraded``, ``downgraded`` or ``rebuilt`` (same version,
        another file).
    before, after
        Version and build string (of a wheel: the version), or None where the package is not
        there. What else tells two files of the same version apart follows: the wheel's tags,
        the hash or the URL.
    manager
        ``conda``, or ``pip`` for a package from a Python index.
    """

    kind: str
    name: str
    before: str | None
    after: str | None
    manager: str = CONDA

    def __str__(self) -> str:
        moved = " → ".join(filter(None, (self.before, self.after)))
        return f"{self.kind:<10} {self.name} {moved}{' (pip)' if self.manager == PIP else ''}"

    def as_dict(self) -> dict[str, str | None]:
        """Return the change for JSON."""
        return asdict(self)


def changes(old: Iterable[RepoDataRecord], new: Iterable[RepoDataRecord]) -> list[Change]:
    """Return what differs between two solutions, sorted by package name."""
    before = {record.name.normalized: record for record in old}
    after = {record.name.normalized: record for record in new}
    return list(filter(None, (_conda(name, before, after) for name in _names(before, after))))


def wheel_changes(old: Iterable[Wheel], new: Iterable[Wheel]) -> list[Change]:
    """Return what differs between two sets of wheels, sorted by package name."""
    before = {wheel.name: wheel for wheel in old}
    after = {wheel.name: wheel for wheel in new}
    return list(filter(None, (_pip(name, before, after) for name in _names(before, after))))


def _names(before: Mapping[str, _Package], after: Mapping[str, _Package]) -> list[str]:
    return sorted(before.keys() | after.keys())


def _conda(
    name: str, before: Mapping[str, RepoDataRecord], after: Mapping[str, RepoDataRecord]
) -> Change | None:
    old, new = before.get(name), after.get(name)
    if old is None or new is None:
        kind = "added" if old is None else "removed"
        return Change(kind, name, _build(old) if old else None, _build(new) if new else None)
    # Most packages stay, and comparing URL and hash is faster than comparing versions.
    if old.url == new.url and old.sha256 == new.sha256:
        return None
    if not (differing := _difference(_conda_file(old), _conda_file(new))):
        return None
    was, now = Version(str(old.version)), Version(str(new.version))
    kind = "upgraded" if now > was else "downgraded" if now < was else "rebuilt"
    return Change(kind, name, *differing)


def _pip(name: str, before: Mapping[str, Wheel], after: Mapping[str, Wheel]) -> Change | None:
    old, new = before.get(name), after.get(name)
    if old is None or new is None:
        kind = "added" if old is None else "removed"
        return Change(kind, name, old.version if old else None, new.version if new else None, PIP)
    if not (differing := _difference(_wheel_file(old), _wheel_file(new))):
        return None
    kind = "rebuilt"
    if old.version != new.version:
        kind = "upgraded" if _is_newer(new.version, old.version) else "downgraded"
    return Change(kind, name, *differing, PIP)


def _difference(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, str] | None:
    """Return the version with the first part that differs; an unknown part does not differ."""
    for count, (was, now) in enumerate(zip(old, new, strict=True)):
        if was != now and (count == 0 or (was and now)):
            return " ".join(dict.fromkeys((old[0], was))), " ".join(dict.fromkeys((new[0], now)))
    return None


def _build(record: RepoDataRecord) -> str:
    return f"{record.version} {record.build}"


def _conda_file(record: RepoDataRecord) -> tuple[str, ...]:
    return _build(record), _hash((record.sha256 or b"").hex()), without_credentials(record.url)


def _wheel_file(wheel: Wheel) -> tuple[str, ...]:
    url = without_credentials(wheel.url)
    tags = "-".join(url.rpartition("/")[2].removesuffix(".whl").split("-")[2:])
    return wheel.version, tags, _hash(wheel.sha256), url


def _hash(sha256: str) -> str:
    return sha256 and f"sha256:{sha256[:_HASH_DIGITS]}"


def _is_newer(version: str, than: str) -> bool:
    try:
        return PythonVersion(version) > PythonVersion(than)
    except InvalidVersion:
        return version > than
