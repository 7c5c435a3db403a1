"""Environment files of a lock: what nothing else in it brings along, in its version."""

from __future__ import annotations

from collections.abc import Iterator

from conda_strata.convert.draft import Drafts
from conda_strata.core.urls import without_credentials
from conda_strata.lock import gate, lockfile
from conda_strata.lock.model import Lock
from conda_strata.spec import selectors
from conda_strata.spec.dependency import package_name
from conda_strata.spec.manifest import DEFAULT

_CHOSEN = {"python", "r-base"}
"""What people mean to choose although much depends on it."""

_PUBLIC = "https://conda.anaconda.org/"
_PYPI = "https://files.pythonhosted.org/"


def add_lock(drafts: Drafts) -> None:
    """Add the packages of a lock that none of its packages depends on."""
    lock = lockfile.read(drafts.source)
    public = [without_credentials(url).rstrip("/") for url in lock.channels]
    drafts.set_channels(url.removeprefix(_PUBLIC) for url in public)
    drafts.set_platforms(lock.subdirs)
    for environment in sorted(lock.environments, key=lambda name: (name != DEFAULT, name)):
        subdirs = [s for s in lock.environments[environment] if s in drafts.platforms]
        found: dict[tuple[bool, str, str], list[str]] = {}
        for subdir in subdirs:
            for entry in (*_conda(lock, environment, subdir), *_pip(lock, environment, subdir)):
                found.setdefault(entry, []).append(subdir)
        for wheel in (w for subdir in subdirs for w in lock.wheels_of(environment, subdir)):
            if wheel.is_source and not gate.is_local(wheel):
                drafts.build(wheel.name)
        for (is_pip, name, line), on in found.items():
            selector = None if len(on) == len(subdirs) else " or ".join(map(selectors.of, on))
            (drafts.pip if is_pip else drafts.conda)(environment, name, line, selector)
    drafts.left.append(
        f"{drafts.source.name}: what was asked for is not in a lock; these are the packages that no "
        "other one brings along, in their versions. Loosen them"
    )


def _conda(lock: Lock, environment: str, subdir: str) -> Iterator[tuple[bool, str, str]]:
    records = lock.environments[environment][subdir]
    needed = {package_name(depends) for record in records for depends in record.depends}
    below = _below(lock, environment, subdir)
    for record in records:
        name = record.name.normalized
        if name not in below and (name in _CHOSEN or name not in needed):
            yield False, name, f"{name} ={record.version}"


def _pip(lock: Lock, environment: str, subdir: str) -> Iterator[tuple[bool, str, str]]:
    wheels = lock.wheels_of(environment, subdir)
    needed = {package_name(required) for wheel in wheels for required in wheel.requires}
    below = {wheel.name for wheel in lock.wheels_of(DEFAULT, subdir)}
    for wheel in wheels:
        if wheel.name in needed or (environment != DEFAULT and wheel.name in below):
            continue
        if gate.is_local(wheel) and wheel.url.startswith("."):
            yield True, wheel.name, f"-e {wheel.url}"
        elif wheel.url.startswith(_PYPI):
            yield True, wheel.name, f"{wheel.name}=={wheel.version}"
        else:
            yield True, wheel.name, f"{wheel.name} @ {wheel.url}"


def _below(lock: Lock, environment: str, subdir: str) -> set[str]:
    if environment == DEFAULT:
        return set()
    return {r.name.normalized for r in lock.environments.get(DEFAULT, {}).get(subdir, ())}
