"""Changes that a version does not show: another host or channel, or other dependencies.

They are kept apart from the other changes, so that a reader sees them first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

from rattler import RepoDataRecord

from conda_strata.core import urls
from conda_strata.lock.changes import CONDA, PIP
from conda_strata.pypi.wheel import Wheel

HOST = "host"
CHANNEL = "channel"
DEPENDENCIES = "dependencies"


@dataclass(frozen=True)
class Warned:
    """One package that comes from another place, or has other dependencies.

    Attributes
    ----------
    kind
        ``host``, ``channel`` (another one on the same host) or ``dependencies`` (of the same
        version and build).
    before, after
        The place; of dependencies, those that only one of the two has.
    manager
        ``conda``, or ``pip`` for a package from a Python index.
    """

    kind: str
    name: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    manager: str = CONDA

    def as_dict(self) -> dict[str, object]:
        """Return the warning for JSON."""
        return asdict(self)


def warnings(old: Iterable[RepoDataRecord], new: Iterable[RepoDataRecord]) -> Iterator[Warned]:
    """Yield what changed about the conda packages that both solutions have, sorted by name."""
    before = {record.name.normalized: record for record in old}
    for record in sorted(new, key=lambda record: record.name.normalized):
        name = record.name.normalized
        if (was := before.get(name)) is None:
            continue
        if was.url != record.url:
            yield from _moved(name, _channel(was.url), _channel(record.url), CONDA)
        if (was.version, was.build) == (record.version, record.build):
            yield from _edges(name, _needs(was), _needs(record), CONDA)


def wheel_warnings(old: Iterable[Wheel], new: Iterable[Wheel]) -> Iterator[Warned]:
    """Yield what changed about the wheels that both solutions have, sorted by name."""
    before = {wheel.name: wheel for wheel in old}
    for wheel in sorted(new, key=lambda wheel: wheel.name):
        if (was := before.get(wheel.name)) is None:
            continue
        # Where a file is on an index changes with each version, and so only the host counts.
        yield from _moved(wheel.name, _host(was.url), _host(wheel.url), PIP)
        if was.version == wheel.version:
            yield from _edges(wheel.name, was.requires, wheel.requires, PIP)


def _moved(name: str, before: str, after: str, manager: str) -> Iterator[Warned]:
    if before != after:
        kind = CHANNEL if _host(before) == _host(after) else HOST
        yield Warned(kind, name, (before,), (after,), manager)


def _edges(
    name: str, before: Sequence[str], after: Sequence[str], manager: str
) -> Iterator[Warned]:
    if set(before) != set(after):
        lost = tuple(text for text in dict.fromkeys(before) if text not in after)
        new = tuple(text for text in dict.fromkeys(after) if text not in before)
        yield Warned(DEPENDENCIES, name, lost, new, manager)


def _needs(record: RepoDataRecord) -> list[str]:
    return [*record.depends, *(f"{text} (constrains)" for text in record.constrains)]


def _channel(url: str) -> str:
    """Return the channel of a package's URL, without the subdir."""
    return urls.without_credentials(url).rsplit("/", 2)[0]


def _host(url: str) -> str:
    said = urls.without_credentials(url)
    try:
        parts = urlsplit(said)
    except ValueError:
        return said
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else "a local file"
