"""A pinned ``environment.yml``: what conda, mamba, micromamba and strata itself solve again.

Unlike the other exports it holds no hashes, and a build that leaves its channel is missed.
"""

from __future__ import annotations

import yaml

from conda_strata.lock.model import Lock
from conda_strata.report.export import public_url

_PUBLIC = "https://conda.anaconda.org/"


def render(lock: Lock, environment: str, subdir: str) -> str:
    """Return the file for *environment* on *subdir*: every package by version and build.

    Raises
    ------
    UsageError
        When the lock has no such environment.
    WrongPlatformError
        When the lock does not cover *subdir*.
    """
    records = lock.records(environment, subdir)
    wheels = lock.wheels_of(environment, subdir)
    dependencies: list[object] = [
        f"{record.name.normalized}={record.version}={record.build}" for record in records
    ]
    if wheels:
        if not any(record.name.normalized == "pip" for record in records):
            # conda wants it named beside a 'pip:' list; strata installs wheels without it.
            dependencies.append("pip")
        dependencies.append({"pip": [f"{wheel.name}=={wheel.version}" for wheel in wheels]})
    body = {
        "name": environment,
        "channels": [*(_channel(url) for url in lock.channels), "nodefaults"],
        "dependencies": dependencies,
    }
    text = yaml.safe_dump(body, sort_keys=False, allow_unicode=True)
    return f"# Made by 'strata export' for {subdir}.\n{text}"


def _channel(url: str) -> str:
    """Return the name of a public channel, which a user's own mirror may stand for, or the URL."""
    public = public_url(url).rstrip("/")
    name = public.removeprefix(_PUBLIC)
    return name if name and "/" not in name else public
