"""A pinned ``environment.yml``: what conda, mamba, micromamba and strata itself solve again.

Unlike the other exports it holds no hashes, and a build that leaves its channel is missed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

import yaml
from rattler import RepoDataRecord

from conda_strata.lock.model import Lock
from conda_strata.pypi.wheel import Wheel
from conda_strata.report.export import public_url

_PUBLIC = "https://conda.anaconda.org/"


_PYPI = "https://pypi.org/simple"
_PYPI_FILES = "files.pythonhosted.org"


def render(
    lock: Lock, environment: str, subdir: str, variables: Mapping[str, str] | None = None
) -> str:
    """Return the file for *environment* on *subdir*: every package by version and build.

    Parameters
    ----------
    lock, environment, subdir
        Which packages.
    variables
        What the environment sets; a lock does not hold it.

    Raises
    ------
    UsageError
        When the lock has no such environment.
    WrongPlatformError
        When the lock does not cover *subdir*.
    """
    records = lock.records(environment, subdir)
    wheels = lock.wheels_of(environment, subdir)
    channels = [_channel(url) for url in lock.channels]
    dependencies: list[object] = [_pinned(record, channels) for record in records]
    if wheels:
        if not any(record.name.normalized == "pip" for record in records):
            # conda wants it named beside a 'pip:' list; strata installs wheels without it.
            dependencies.append("pip")
        dependencies.append({"pip": [*_indexes(lock), *map(_requirement, wheels)]})
    built = [wheel.name for wheel in wheels if wheel.is_source]
    body = {
        "name": environment,
        "channels": channels,
        "platforms": [subdir],
        "dependencies": dependencies,
        **({"variables": dict(variables)} if variables else {}),
        **({"build": built} if built else {}),
    }
    text = yaml.safe_dump(body, sort_keys=False, allow_unicode=True)
    return f"# Made by 'strata export' for {subdir}.\n{text}"


def _pinned(record: RepoDataRecord, channels: list[str]) -> str:
    """Return one build; with its channel where another one would be asked first."""
    text = f"{record.name.normalized}={record.version}={record.build}"
    channel = _channel(record.url.rpartition("/")[0].rpartition("/")[0])
    return text if channels[:1] == [channel] else f"{channel}::{text}"


def _indexes(lock: Lock) -> Iterator[str]:
    """Yield the options that name the lock's indexes, where they are others than usual."""
    for place, url in enumerate(map(public_url, lock.indexes)):
        if place or url.rstrip("/") != _PYPI:
            yield f"{'--extra-index-url' if place else '--index-url'} {url}"


def _requirement(wheel: Wheel) -> str:
    """Return a wheel by version where PyPI has it; else by URL, so that no index is asked for it."""
    if urlsplit(wheel.url).hostname == _PYPI_FILES:
        return f"{wheel.name}=={wheel.version}"
    checksum = f"#sha256={wheel.sha256}" if wheel.sha256 else ""
    return f"{wheel.name} @ {public_url(wheel.url)}{checksum}"


def _channel(url: str) -> str:
    """Return the name of a public channel, which a user's own mirror may stand for, or the URL."""
    public = public_url(url).rstrip("/")
    name = public.removeprefix(_PUBLIC)
    return name if name and "/" not in name else public
