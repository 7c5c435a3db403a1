"""The gate for locks: an untrustworthy package is never installed, laid out or pushed.

A lock can come from anybody. Its packages are downloaded only from the lock's own channels, over
an encrypted connection, and only when their SHA-256 is known.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from rattler import RepoDataRecord

from conda_strata.core.errors import LockError
from conda_strata.lock.location import WHEEL_SCHEMES, Channels, is_plain, location_fault, shown
from conda_strata.lock.model import Lock, identity
from conda_strata.pypi.wheel import Wheel
from conda_strata.spec.manifest import DEFAULT

_SHA256 = r"[0-9a-f]{64}"
_SITE_PACKAGES = r"lib/python[0-9]+\.[0-9]+t?/site-packages|Lib/site-packages"
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_SHA256_BYTES = 32
_NO_SHA256 = "it has no SHA-256, so its content cannot be verified"

_RESTORE = "Restore the lock from git, or delete it and run 'strata lock'."
_BUILD = "Install with pixi, or put a built package into a channel and lock that."
_ADD_CHANNEL = (
    "If it should come from there, add the channel to environment.yml and run 'strata lock'; else "
    "restore the lock from git."
)


class Fault(NamedTuple):
    """What is not trustworthy about one package of a lock.

    Attributes
    ----------
    package
        Its name, or name, version and build.
    text
        The rule that it breaks.
    fix
        What to do about it.
    """

    package: str
    text: str
    fix: str


def require_trustworthy(
    lock: Lock,
    environment: str,
    subdirs: Iterable[str],
    *,
    in_layers: bool = False,
    built: Collection[str] = (),
) -> None:
    """Refuse a lock when a package of *environment* cannot be trusted.

    Missing environments and platforms are not looked for.

    Parameters
    ----------
    lock
        As it was read.
    environment
        What is about to be installed, laid out or pushed.
    subdirs
        Its platforms.
    in_layers
        Whether it becomes layers, the lowest of which are those of ``default``.
    built
        Names of the packages that may be built from their sources: only an environment file says so.

    Raises
    ------
    LockError
        Naming the lock, the package and the rule that it breaks.
    """
    channels = Channels(lock.channels, "the lock")
    for name in dict.fromkeys([environment, *([DEFAULT] if in_layers else [])]):
        for subdir in subdirs:
            for fault in faults(lock, name, subdir, channels, built):
                what = f"{lock.path}: {shown(fault.package)} on {subdir}: {fault.text}"
                raise LockError(what, fault.fix)


def notices(lock: Lock, environment: str, subdirs: Iterable[str]) -> list[str]:
    """Return a warning for the packages of *environment* that cannot be installed: no SHA-256."""
    lacking: dict[str, None] = {}
    for subdir in subdirs:
        for record in lock.environments.get(environment, {}).get(subdir, ()):
            if not record.sha256:
                lacking[identity(record)] = None
        for wheel in lock.wheels_of(environment, subdir):
            if not re.fullmatch(_SHA256, wheel.sha256):
                lacking[f"{wheel.name} ({shown(wheel.url)})"] = None
    if not lacking:
        return []
    return [
        (
            f"warning: {lock.path}: no SHA-256 of {', '.join(lacking)}: "
            "strata does not install or push them"
        )
    ]


def is_local(wheel: Wheel) -> bool:
    """Whether a Python package is a folder, a file or a repository, and no URL of a wheel."""
    return not wheel.url.lower().startswith(("https://", "http://"))


def without_local(lock: Lock) -> Lock:
    """Return *lock* less the Python packages that are on no index."""
    return replace(
        lock,
        wheels={
            name: {
                subdir: [wheel for wheel in wheels if not is_local(wheel)]
                for subdir, wheels in solution.items()
            }
            for name, solution in lock.wheels.items()
        },
    )


def wheel_fault(name: str, url: str) -> str | None:
    """Return what is wrong with the name or location of a wheel; None when nothing is."""
    if not re.fullmatch(_NAME, name):
        return "its name is no name of a Python package"
    if not is_plain(url) or re.search(r"[#$\\\"<>`{}|^]", url):
        return "its location has characters that no URL of a wheel has"
    return None


def faults(
    lock: Lock, environment: str, subdir: str, channels: Channels, built: Collection[str] = ()
) -> Iterator[Fault]:
    """Yield what is not trustworthy among the packages of *environment* on *subdir*.

    Parameters
    ----------
    channels
        Those that conda packages may come from.
    built
        Names of the packages that may be built from their sources.
    """
    records = lock.environments.get(environment, {}).get(subdir, ())
    wheels = lock.wheels_of(environment, subdir)
    twice = repeated(wheel.name for wheel in wheels)
    if len(lock.by_name(environment, subdir)) < len(records):
        twice += repeated(record.name.normalized for record in records)
    for name in twice:
        yield Fault(name, "it is listed twice in one environment", _RESTORE)
    for name in lock.sources.get(environment, {}).get(subdir, ()):
        yield Fault(name, "it is built from source, and has no archive to verify", _BUILD)
    for record in records:
        yield from record_faults(record, channels)
    for wheel in wheels:
        yield from wheel_faults(wheel, built)


def repeated(names: Iterable[str]) -> list[str]:
    """Return those of *names* that occur more than once."""
    return [name for name, count in Counter(names).items() if count > 1]


def record_faults(record: RepoDataRecord, channels: Channels) -> Iterator[Fault]:
    """Yield what is wrong with a conda package, but for what it depends on."""
    if fault := channels.fault(record.url):
        fix = _ADD_CHANNEL if "not under a channel" in fault else _RESTORE
        yield Fault(identity(record), fault, fix)
    if not (sha256 := record.sha256) or len(sha256) != _SHA256_BYTES:
        yield Fault(identity(record), _NO_SHA256, _RESTORE)
    folder = record.python_site_packages_path
    if folder is not None and not re.fullmatch(_SITE_PACKAGES, folder):
        yield Fault(
            identity(record),
            f"python_site_packages_path is {shown(folder)}, and no Python has that "
            "(lib/pythonX.Y/site-packages)",
            _RESTORE,
        )


def wheel_faults(wheel: Wheel, built: Collection[str] = ()) -> Iterator[Fault]:
    """Yield what is wrong with a Python package."""
    if fault := location_fault(wheel.url, WHEEL_SCHEMES):
        fix = (
            "strata installs wheels of a Python index only: build and publish it, or install it "
            "by hand afterwards."
            if is_local(wheel)
            else _RESTORE
        )
        yield Fault(wheel.name, fault, fix)
    if wheel.is_source and not is_local(wheel) and wheel.name not in built:
        yield Fault(
            wheel.name,
            "it is a source distribution: to install it is to run what it brings, and 'build:' of "
            "environment.yml does not name it",
            f"Write 'build: [{wheel.name}]' there if it shall be built; else restore the lock.",
        )
    if fault := wheel_fault(wheel.name, wheel.url) or _wheel_file_fault(wheel):
        yield Fault(wheel.name, fault, _RESTORE)
    if not re.fullmatch(_SHA256, wheel.sha256):
        yield Fault(wheel.name, _NO_SHA256, _RESTORE)


def _wheel_file_fault(wheel: Wheel) -> str | None:
    from packaging.utils import (
        InvalidSdistFilename,
        InvalidWheelFilename,
        canonicalize_name,
        parse_sdist_filename,
        parse_wheel_filename,
    )

    file = wheel.file_name
    kind = "source distribution" if wheel.is_source else "wheel"
    try:
        name = (parse_sdist_filename if wheel.is_source else parse_wheel_filename)(file)[0]
    except InvalidSdistFilename:
        return None  # the archive of a commit is called otherwise
    except InvalidWheelFilename:
        return f"{shown(file)} is no file name of a wheel"
    return None if name == canonicalize_name(wheel.name) else f"{shown(file)} is a {kind} of {name}"
