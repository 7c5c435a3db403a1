"""The warnings of a comparison as people read them: each once, with its packages and platforms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from conda_strata.lock.changes import PIP
from conda_strata.lock.provenance import CHANNEL, DEPENDENCIES, HOST
from conda_strata.report.diff.comparison import Diff

_MOST = 10
"""Packages or dependencies of one warning that are listed at most."""


@dataclass(frozen=True)
class Notice:
    """One warning.

    Attributes
    ----------
    what
        Such as ``host changed``.
    before, after
        The places; of dependencies, those that are gone and new.
    packages, subdirs
        Where it is.
    is_place
        Whether *before* and *after* are one place each.
    """

    what: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    packages: tuple[str, ...]
    subdirs: tuple[str, ...]
    is_place: bool


_WHAT = {
    HOST: "host changed",
    CHANNEL: "channel changed",
    DEPENDENCIES: "dependencies changed in the same build",
}


def notices(diff: Diff) -> Iterator[Notice]:
    """Yield the warnings: changed hosts first, then channels, then dependencies."""
    found: dict[tuple[str, tuple[str, ...], tuple[str, ...]], dict[str, dict[str, None]]] = {}
    for subdir, by_environment in diff.warnings.items():
        for listed in by_environment.values():
            for one in listed:
                name = f"{one.name} (pip)" if one.manager == PIP else one.name
                places = found.setdefault((one.kind, one.before, one.after), {})
                places.setdefault(name, {})[subdir] = None
    kinds = list(_WHAT)
    for (kind, before, after), places in sorted(
        found.items(), key=lambda item: (kinds.index(item[0][0]), *sorted(item[1]))
    ):
        subdirs = sorted({subdir for by in places.values() for subdir in by})
        packages = cut(sorted(places))
        if kind == DEPENDENCIES:
            before, after = cut(before), cut(after)
        yield Notice(
            _WHAT[kind], before, after, packages, tuple(subdirs), is_place=kind != DEPENDENCIES
        )


def cut(names: Sequence[str]) -> tuple[str, ...]:
    """Return the first of *names*, and how many more there are."""
    more = [f"… and {len(names) - _MOST} more"] if len(names) > _MOST else []
    return (*names[:_MOST], *more)
