"""What differs between two locks: packages, channels, platforms and environments."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from conda_strata.core.errors import UsageError
from conda_strata.core.urls import without_credentials
from conda_strata.lock.changes import Change, changes, wheel_changes
from conda_strata.lock.model import Lock
from conda_strata.lock.provenance import Warned, warnings, wheel_warnings
from conda_strata.report.diff import origins

_Found = TypeVar("_Found")


@dataclass(frozen=True)
class Names:
    """Environments or platforms that only one of two locks has.

    Attributes
    ----------
    kept
        Those that both have.
    added, removed
        Those that only the new or only the old lock has.
    """

    kept: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]

    @classmethod
    def between(cls, old: Iterable[str], new: Iterable[str]) -> Names:
        """Compare two lists of names, in their order."""
        before, after = dict.fromkeys(old), dict.fromkeys(new)
        return cls(
            tuple(name for name in after if name in before),
            tuple(name for name in after if name not in before),
            tuple(name for name in before if name not in after),
        )

    @property
    def everything(self) -> tuple[str, ...]:
        """All names of both."""
        return (*self.kept, *self.added, *self.removed)

    def as_dict(self) -> dict[str, Sequence[str]]:
        """Return what came and went for JSON."""
        return {"added": self.added, "removed": self.removed}


@dataclass(frozen=True)
class Diff:
    """What differs between two locks.

    Attributes
    ----------
    old, new
        The locks, with the environments that were compared.
    environments, platforms
        Those that stayed, came and went.
    changes
        Subdir to environment to the packages that changed; only where some did. Applied to
        the old lock, they give the new one.
    warnings
        Subdir to environment to the packages that come from another place, or need something
        else at the same version; only where there are some.
    """

    old: Lock
    new: Lock
    environments: Names
    platforms: Names
    changes: Mapping[str, Mapping[str, Sequence[Change]]]
    warnings: Mapping[str, Mapping[str, Sequence[Warned]]]

    @property
    def channels(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The channels of the old and of the new lock, highest priority first."""
        before, after = (
            tuple(without_credentials(url) for url in lock.channels)
            for lock in (self.old, self.new)
        )
        return before, after

    @property
    def indexes(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The Python indexes of the old and of the new lock, the default one first."""
        return origins.indexes(self.old, self.new)

    @property
    def sources(self) -> Names:
        """What pixi builds from source, on the platforms that both locks have."""
        before, after = (
            origins.sources(lock, self.platforms.kept) for lock in (self.old, self.new)
        )
        return Names.between(before, after)

    @property
    def virtual_packages(self) -> dict[str, tuple[Sequence[str], Sequence[str]]]:
        """What machines were and are assumed to have, by subdir, where that is known and differs."""
        assumed = {
            subdir: (self.old.virtual_packages[subdir], self.new.virtual_packages[subdir])
            for subdir in self.platforms.kept
            if self.old.virtual_packages.get(subdir) and self.new.virtual_packages.get(subdir)
        }
        return {subdir: pair for subdir, pair in assumed.items() if set(pair[0]) != set(pair[1])}

    @property
    def is_empty(self) -> bool:
        """Whether the locks say the same."""
        came_or_went = (
            *self.environments.added,
            *self.environments.removed,
            *self.platforms.added,
            *self.platforms.removed,
            *self.sources.added,
            *self.sources.removed,
        )
        moved = any(before != after for before, after in (self.channels, self.indexes))
        changed = self.changes or self.warnings
        return not (changed or came_or_went or self.virtual_packages or moved)

    def as_dict(self) -> dict[str, object]:
        """Return the differences for JSON; the help of ``strata diff`` describes it."""
        places = {"channels": self.channels, "indexes": self.indexes}
        return {
            "same": self.is_empty,
            "warnings": [
                one.as_dict() | {"platform": subdir, "environment": name}
                for subdir, by in self.warnings.items()
                for name, found in by.items()
                for one in found
            ],
            **{
                name: {"before": before, "after": after} for name, (before, after) in places.items()
            },
            "sources": self.sources.as_dict(),
            "environments": self.environments.as_dict(),
            "platforms": self.platforms.as_dict(),
            "virtual_packages": {
                subdir: {"before": was, "after": now}
                for subdir, (was, now) in self.virtual_packages.items()
            },
            "changes": {
                subdir: {name: [change.as_dict() for change in found] for name, found in by.items()}
                for subdir, by in self.changes.items()
            },
        }


def compare(old: Lock, new: Lock, environments: Sequence[str] = ()) -> Diff:
    """Return what differs between two locks.

    Parameters
    ----------
    environments
        Compare only these; all by default.

    Raises
    ------
    UsageError
        When neither lock has an environment that is asked for.
    """
    names = Names.between(old.environments, new.environments)
    for name in environments:
        if name not in names.everything:
            raise UsageError(
                f"neither {old.path} nor {new.path} has an environment {name!r}",
                f"They have: {', '.join(names.everything) or 'none'}.",
            )
    if environments:
        old, new = _only(old, environments), _only(new, environments)
        names = Names.between(old.environments, new.environments)
    platforms = Names.between(old.subdirs, new.subdirs)
    return Diff(
        old,
        new,
        names,
        platforms,
        _by_subdir(_moved, old, new, names, platforms),
        _by_subdir(_warned, old, new, names, platforms),
    )


def _only(lock: Lock, names: Sequence[str]) -> Lock:
    return replace(
        lock,
        environments={name: lock.environments[name] for name in names if name in lock.environments},
        wheels={name: lock.wheels[name] for name in names if name in lock.wheels},
        sources={name: lock.sources[name] for name in names if name in lock.sources},
    )


def _by_subdir(
    found: Callable[[Lock, Lock, str, str], list[_Found]],
    old: Lock,
    new: Lock,
    environments: Names,
    platforms: Names,
) -> dict[str, dict[str, list[_Found]]]:
    """Return what is *found* for each environment on each platform, where there is something."""
    everything = {
        subdir: {
            name: some
            for name in environments.everything
            if (some := found(old, new, name, subdir))
        }
        for subdir in sorted(platforms.everything)
    }
    return {subdir: by for subdir, by in everything.items() if by}


def _moved(old: Lock, new: Lock, environment: str, subdir: str) -> list[Change]:
    before, after = (lock.environments.get(environment, {}) for lock in (old, new))
    return [
        *changes(before.get(subdir, ()), after.get(subdir, ())),
        *wheel_changes(
            old.wheels_of(environment, subdir),
            new.wheels_of(environment, subdir),
        ),
    ]


def _warned(old: Lock, new: Lock, environment: str, subdir: str) -> list[Warned]:
    before, after = (lock.environments.get(environment, {}) for lock in (old, new))
    return [
        *warnings(before.get(subdir, ()), after.get(subdir, ())),
        *wheel_warnings(
            old.wheels_of(environment, subdir),
            new.wheels_of(environment, subdir),
        ),
    ]
