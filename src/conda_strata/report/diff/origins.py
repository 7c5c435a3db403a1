"""Where packages come from that no record of a conda package names: indexes, and pixi's sources."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from conda_strata.core.urls import without_credentials
from conda_strata.lock.model import Lock

_USUAL = ("https://pypi.org/simple",)


def indexes(old: Lock, new: Lock) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the Python indexes of both locks, the default one first.

    A lock that names none means PyPI. Where the last wheels go, no index is asked any more, which
    is no change of indexes.
    """
    before = _indexes(old) or _USUAL
    return before, _indexes(new) or before


def sources(lock: Lock, subdirs: Sequence[str]) -> Iterator[str]:
    """Yield the packages that pixi builds from source, and have no archive, with their platform."""
    found = {
        (name, subdir)
        for by_subdir in lock.sources.values()
        for subdir, names in by_subdir.items()
        for name in names
        if subdir in subdirs
    }
    yield from (f"{name} ({subdir})" for name, subdir in sorted(found))


def _indexes(lock: Lock) -> tuple[str, ...]:
    if not any(lock.all_wheels().values()):
        return ()
    return tuple(without_credentials(url).rstrip("/") for url in lock.indexes) or _USUAL
