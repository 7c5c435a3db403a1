"""The download size of an environment, and what made it grow: computed from locks alone.

The size of a package is that of its compressed archive.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass

from rattler import RepoDataRecord

from conda_strata.core.sizes import Limit
from conda_strata.lock.model import Lock
from conda_strata.spec.dependency import Spec, package_name


@dataclass(frozen=True)
class Package:
    """A conda package and why it is there.

    Attributes
    ----------
    asked
        The line of the environment file that asks for it.
    needed_by
        Names of the packages that depend on it, those first that a line asks for.
    """

    name: str
    version: str
    bytes: int
    asked: str | None = None
    needed_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Size:
    """The size of an environment on one platform.

    Attributes
    ----------
    packages
        The conda packages, the biggest first.
    unsized
        Names of conda packages without a size in the lock.
    wheels
        Names of the wheels, whose size no lock says.
    """

    packages: Sequence[Package]
    unsized: Sequence[str] = ()
    wheels: Sequence[str] = ()

    @property
    def bytes(self) -> int:
        """Sum of the sizes that are known."""
        return sum(package.bytes for package in self.packages)

    @property
    def not_counted(self) -> dict[str, Sequence[str]]:
        """What is not in the sum, for JSON."""
        return {"conda": self.unsized, "pip": self.wheels}


@dataclass(frozen=True)
class Change:
    """A package whose size changed; None where a lock does not have it."""

    before: Package | None
    after: Package | None

    @property
    def kind(self) -> str:
        """One of ``added``, ``removed``, ``bigger`` and ``smaller``."""
        if self.before is None or self.after is None:
            return "added" if self.after else "removed"
        return "bigger" if self.bytes > 0 else "smaller"

    @property
    def name(self) -> str:
        """The package's name."""
        return next(package.name for package in (self.after, self.before) if package)

    @property
    def bytes(self) -> int:
        """By how much it grew; negative where it shrank."""
        return (self.after.bytes if self.after else 0) - (self.before.bytes if self.before else 0)

    def as_dict(self) -> dict[str, object]:
        """Return the change for JSON."""
        return {"kind": self.kind, "name": self.name, "growth": self.bytes} | asdict(self)


@dataclass(frozen=True)
class Against:
    """The old lock of a comparison: its name, its size, and what is different now."""

    name: str
    size: Size
    changes: Sequence[Change]


@dataclass(frozen=True)
class Report:
    """Everything that ``strata size`` says."""

    environment: str
    subdir: str
    size: Size
    against: Against | None = None
    limit: Limit | None = None

    @property
    def excess(self) -> int:
        """Bytes above the limit; 0 or less where it is kept or there is none."""
        return self.size.bytes - self.limit.bytes if self.limit else 0

    def as_dict(self) -> dict[str, object]:
        """Return everything for JSON."""
        against = self.against and {
            "lock": self.against.name,
            "bytes": self.against.size.bytes,
            "growth": self.size.bytes - self.against.size.bytes,
            "not_counted": self.against.size.not_counted,
            "changes": [change.as_dict() for change in self.against.changes],
        }
        return {
            "environment": self.environment,
            "platform": self.subdir,
            "bytes": self.size.bytes,
            "limit": self.limit.bytes if self.limit else None,
            "above_limit": self.excess > 0,
            "packages": [asdict(package) for package in self.size.packages],
            "not_counted": self.size.not_counted,
            "against": against,
        }


def measure(lock: Lock, environment: str, subdir: str, specs: Sequence[Spec] = ()) -> Size:
    """Return the size of *environment* on *subdir*; nothing where the lock does not have it.

    Parameters
    ----------
    specs
        What the environment files ask for.
    """
    records = lock.environments.get(environment, {}).get(subdir, ())
    asked = {package_name(spec.text): f"{spec.where}: {spec.text}" for spec in reversed(specs)}
    users = _users(records, asked)
    packages = [
        Package(name, str(record.version), record.size, asked.get(name), users.get(name, ()))
        for record in records
        if record.size is not None
        for name in (record.name.normalized,)
    ]
    return Size(
        tuple(sorted(packages, key=lambda package: (-package.bytes, package.name))),
        tuple(record.name.normalized for record in records if record.size is None),
        tuple(sorted(wheel.name for wheel in lock.wheels_of(environment, subdir))),
    )


def _users(records: Sequence[RepoDataRecord], asked: Collection[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for record in records:
        user = record.name.normalized
        for needed in map(package_name, record.depends):
            if needed != user:
                found.setdefault(needed, set()).add(user)
    return {
        name: tuple(sorted(users, key=lambda user: (user not in asked, user)))
        for name, users in found.items()
    }


def changes(before: Size, after: Size) -> list[Change]:
    """Return the packages whose size changed, the largest difference first.

    A package whose size only one of the locks says is left out: it has neither come nor grown.
    """
    old, new = ({package.name: package for package in size.packages} for size in (before, after))
    unsized = {*before.unsized, *after.unsized}
    found = [Change(old.get(name), new.get(name)) for name in (old.keys() | new.keys()) - unsized]
    return sorted(
        (change for change in found if change.bytes or not (change.before and change.after)),
        key=lambda change: (-abs(change.bytes), change.name),
    )
