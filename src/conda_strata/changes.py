"""What moved between two solutions of one platform."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from rattler import RepoDataRecord, Version


@dataclass(frozen=True)
class Change:
    """One package that is not what it was.

    Attributes
    ----------
    kind
        ``added``, ``removed``, ``upgraded``, ``downgraded`` or ``rebuilt`` (same version,
        another build).
    before, after
        Version and build string, or None where the package is not there.
    """

    kind: str
    name: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        return f"{self.kind:<10} {self.name} {' → '.join(filter(None, (self.before, self.after)))}"

    def as_dict(self) -> dict[str, str | None]:
        """Return the change for JSON."""
        return asdict(self)


def changes(old: Iterable[RepoDataRecord], new: Iterable[RepoDataRecord]) -> list[Change]:
    """Return what differs between two solutions, sorted by package name."""
    before = {record.name.normalized: record for record in old}
    after = {record.name.normalized: record for record in new}
    return [
        _change(name, before.get(name), after.get(name))
        for name in sorted(before.keys() | after.keys())
        if name not in before or name not in after or _build(before[name]) != _build(after[name])
    ]


def _change(name: str, old: RepoDataRecord | None, new: RepoDataRecord | None) -> Change:
    if old is None or new is None:
        kind = "added" if old is None else "removed"
        return Change(kind, name, _build(old) if old else None, _build(new) if new else None)
    was, now = Version(str(old.version)), Version(str(new.version))
    kind = "upgraded" if now > was else "downgraded" if now < was else "rebuilt"
    return Change(kind, name, _build(old), _build(new))


def _build(record: RepoDataRecord) -> str:
    return f"{record.version} {record.build}"
