"""Whether the lock satisfies the manifest: without a solve, a network or a write."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple
from urllib.parse import urlsplit

from rattler import MatchSpec

from conda_strata.core.errors import OutOfDateLockError
from conda_strata.lock import gate
from conda_strata.lock.closure import reached, wheel_closure
from conda_strata.lock.location import Channels, normal, of_manifest, shown
from conda_strata.lock.model import Lock, identity
from conda_strata.pypi.wheel import Wheel
from conda_strata.spec.dependency import package_name
from conda_strata.spec.manifest import Manifest
from conda_strata.spec.virtual_packages import as_text

_MOST = 5
"""Packages of one problem that are named at most."""

_match_spec = cache(MatchSpec)
"""Most specs are the same on all platforms."""

_PYPI = {"files.pythonhosted.org"}
_DEFAULT_INDEX = ("https://pypi.org/simple",)


class Problem(NamedTuple):
    """One reason why a lock is out of date.

    Attributes
    ----------
    text
        A sentence; the subdirs end it.
    where
        File and line.
    subdirs
        Where it is so, unless that is everywhere.
    """

    text: str
    where: str = ""
    subdirs: tuple[str, ...] = ()

    def __str__(self) -> str:
        text = f"{self.text} {', '.join(self.subdirs)}" if self.subdirs else self.text
        return f"{self.where}: {text}" if self.where else text


def problems(manifest: Manifest, lock: Lock, subdirs: Sequence[str]) -> list[Problem]:
    """Return why *lock* does not satisfy *manifest* on *subdirs*; nothing when it does.

    What is so in several environments or on several subdirs is one problem.
    """
    found: dict[tuple[str, str], dict[str, None]] = {}
    for one in _problems(manifest, lock, subdirs):
        found.setdefault((one.text, one.where), {}).update(dict.fromkeys(one.subdirs))
    return [Problem(text, where, tuple(there)) for (text, where), there in found.items()]


def require_up_to_date(manifest: Manifest, lock: Lock, subdirs: Sequence[str]) -> None:
    """Refuse a lock that is out of date.

    Raises
    ------
    OutOfDateLockError
        When the lock does not satisfy the manifest; the message lists why.
    """
    if found := problems(manifest, lock, subdirs):
        reasons = "".join(f"\n  {problem}" for problem in found)
        raise OutOfDateLockError(
            f"{lock.path} is out of date:{reasons}", "Run 'strata lock' and commit it."
        )


def _problems(manifest: Manifest, lock: Lock, subdirs: Sequence[str]) -> Iterator[Problem]:
    wanted = of_manifest(manifest)
    if tuple(c.rstrip("/") for c in lock.channels) != tuple(c.rstrip("/") for c in wanted):
        yield Problem(
            f"channels are {', '.join(wanted)}, the lock has "
            f"{', '.join(map(shown, lock.channels))}",
            str(manifest.files[0]),
        )
    yield from _index_problems(manifest, lock)
    for environment in manifest.environments:
        if environment not in lock.environments:
            yield Problem(f"the environment {environment!r} is not in the lock")
    for subdir in subdirs:
        assumed = as_text(manifest.virtual_packages[subdir])
        locked = lock.virtual_packages.get(subdir, ())
        if locked and locked != assumed:
            other = ", ".join(sorted(set(locked) ^ set(assumed)))
            yield Problem(f"{subdir} is locked for other virtual packages: {other}")
    yield from _untrustworthy(manifest, lock, subdirs, Channels(wanted, str(manifest.files[0])))
    for environment in lock.environments:
        if environment not in manifest.environments:
            yield Problem(f"the lock has the environment {environment!r}, and no file describes it")
        else:
            for subdir in subdirs:
                yield from _environment_problems(manifest, lock, environment, subdir)
                yield from _wheel_problems(manifest, lock, environment, subdir)


def _index_problems(manifest: Manifest, lock: Lock) -> Iterator[Problem]:
    """Yield that wheels were locked from other indexes than the environment files name now."""
    if not any(lock.all_wheels().values()):
        return
    wanted, locked = (
        one or _DEFAULT_INDEX
        for one in (manifest.indexes, tuple(url.rstrip("/") for url in lock.indexes))
    )
    if tuple(url.rstrip("/") for url in wanted) != locked:
        yield Problem(
            f"the indexes of the 'pip:' lists are {', '.join(wanted)}, the lock has "
            f"{', '.join(map(shown, locked))}",
            str(manifest.files[0]),
        )


def _untrustworthy(
    manifest: Manifest, lock: Lock, subdirs: Sequence[str], channels: Channels
) -> Iterator[Problem]:
    """Yield what packages point to that *channels* do not allow, each rule with its packages."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for environment in manifest.environments:
        for subdir in subdirs:
            for fault in gate.faults(lock, environment, subdir, channels, manifest.built):
                found.setdefault((subdir, fault.text), {})[shown(fault.package)] = None
    for (subdir, text), packages in found.items():
        names = list(packages)
        more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
        yield Problem(f"{', '.join(names[:_MOST])}{more} on {subdir}: {text}")


def _environment_problems(
    manifest: Manifest, lock: Lock, environment: str, subdir: str
) -> Iterator[Problem]:
    if subdir not in lock.environments[environment]:
        yield Problem(f"{environment} is not locked for", subdirs=(subdir,))
        return
    by_name = lock.by_name(environment, subdir)
    roots = []
    for spec in manifest.specs(environment, subdir):
        name = package_name(spec.text)
        roots.append(name)
        if name.startswith("__"):
            continue
        if name not in by_name:
            yield Problem(f"{spec.text!r} is not locked for", spec.where, (subdir,))
        elif not _match_spec(spec.text).matches(by_name[name]):
            locked = identity(by_name[name])
            yield Problem(f"{spec.text!r} is locked as {locked} on", spec.where, (subdir,))
    for name in sorted(by_name.keys() - reached(roots, by_name)):
        yield Problem(f"nothing depends on {name}, which is locked for", subdirs=(subdir,))


def _wheel_problems(
    manifest: Manifest, lock: Lock, environment: str, subdir: str
) -> Iterator[Problem]:
    wanted = manifest.requirements(environment, subdir)
    wheels = lock.wheels_of(environment, subdir)
    if not wanted and not wheels:
        return
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    from conda_strata.pypi.conda_names import distributions

    locked = distributions(lock.environments[environment].get(subdir, ()))
    by_name = {wheel.name: wheel for wheel in wheels}
    locked |= {wheel.name: wheel.version for wheel in wheels}
    for spec in wanted:
        requirement = Requirement(spec.text)
        version = locked.get(canonicalize_name(requirement.name))
        if requirement.marker:
            continue
        if requirement.url and (
            fault := _other_place(requirement.url, by_name.get(canonicalize_name(requirement.name)))
        ):
            yield Problem(f"{requirement.name} (pip) on {subdir}: {fault}", spec.where)
        if version is None:
            yield Problem(f"{spec.text!r} (pip) is not locked for", spec.where, (subdir,))
        elif not requirement.specifier.contains(version, prereleases=True):
            yield Problem(f"{spec.text!r} (pip) is locked as {version} on", spec.where, (subdir,))
    for spec in manifest.constraints:
        requirement = Requirement(spec.text)
        version = locked.get(canonicalize_name(requirement.name))
        limits = spec.applies(subdir) and not requirement.marker
        if limits and version and not requirement.specifier.contains(version, prereleases=True):
            yield Problem(f"{spec.text!r} (pip) is locked as {version} on", spec.where, (subdir,))
    needed = {w.name for w in wheel_closure((package_name(s.text) for s in wanted), wheels)}
    for name in sorted({wheel.name for wheel in wheels} - needed):
        yield Problem(f"nothing depends on {name} (pip), which is locked for", subdirs=(subdir,))


def _other_place(url: str, wheel: Wheel | None) -> str | None:
    """Return how a locked wheel differs from the one that a requirement names; None if it does not."""
    if wheel is None:
        return None
    place, _, fragment = url.partition("#")
    if normal(wheel.url) != normal(place):
        return f"it is locked from {shown(wheel.url)}, not from {shown(place)}"
    named = re.search(r"(?:^|&)sha256=([0-9A-Fa-f]{64})(?:&|$)", fragment)
    if named and named[1].lower() != wheel.sha256:
        return f"it is locked with the SHA-256 {wheel.sha256}, not {named[1].lower()}"
    return None


def wheels_elsewhere(manifest: Manifest, lock: Lock, subdirs: Sequence[str]) -> Iterator[str]:
    """Yield a warning for each host of wheels that no requirement and no index names.

    An index can keep its files on any host, so this is no problem of the lock.
    """
    found: dict[str, dict[str, None]] = {}
    for environment in lock.environments:
        for subdir in subdirs:
            for wheel in lock.wheels_of(environment, subdir):
                if host := _host(wheel.url):  # what has none is a problem of the lock
                    found.setdefault(host, {})[wheel.name] = None
    if not found.keys() - _PYPI:
        return
    from packaging.requirements import Requirement

    from conda_strata.pypi import index_login

    named = {
        _host(Requirement(spec.text).url or "") for own in manifest.pip.values() for spec in own
    }
    named |= {_host(url) for url in manifest.indexes}
    for host in found.keys() - named - _PYPI - index_login.hosts():
        names = ", ".join(map(shown, list(found[host])[:_MOST]))
        yield (
            f"{lock.path}: {names} (pip) from {shown(host)}, which is neither PyPI's "
            "nor that of an index which uv is told of here"
        )


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
