"""The gate for locks: what is not trustworthy is never installed, laid out or pushed.

A lock is text that came from somewhere. What it names is fetched only from the lock's own
channels, over a connection that nobody can change, and only when its SHA-256 is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from rattler import Channel, RepoDataRecord

from conda_strata.core import urls
from conda_strata.core.errors import LockError
from conda_strata.lock.model import Lock, identity
from conda_strata.pypi.wheel import Wheel
from conda_strata.spec.manifest import DEFAULT

_SHA256 = re.compile(r"[0-9a-f]{64}")
_SITE_PACKAGES = re.compile(r"lib/python[0-9]+\.[0-9]+t?/site-packages|Lib/site-packages")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_PLAIN = re.compile(r"[!-~]+")
_ENCODED_CONTROL = re.compile(r"%(?:[01][0-9a-f]|7f)", re.IGNORECASE)
_IN_CHANNEL = re.compile(r"[A-Za-z0-9_-]+/(?:(?!%2f|%5c)[^/?#\\])+", re.IGNORECASE)
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}

_RESTORE = "Restore the lock from git, or delete it and run 'strata lock'."


def require_trustworthy(
    lock: Lock, environment: str, subdirs: Iterable[str], *, in_layers: bool = False
) -> None:
    """Refuse a lock when what it has for *environment* cannot be trusted as it stands.

    What the lock does not have is not missed here.

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

    Raises
    ------
    LockError
        Naming the lock, the package and the rule that it breaks.
    """
    channels = [_channel_url(name) for name in lock.channels]
    for name in dict.fromkeys([environment, *([DEFAULT] if in_layers else [])]):
        for subdir in subdirs:
            records = lock.environments.get(name, {}).get(subdir, ())
            wheels = lock.wheels_of(name, subdir)
            _refuse(lock, _twice(records, wheels), subdir)
            for record in records:
                _refuse(lock, _record_faults(record, channels, lock.channels), subdir)
            for wheel in wheels:
                _refuse(lock, _wheel_faults(wheel), subdir)


def notices(lock: Lock, environment: str, subdirs: Iterable[str]) -> list[str]:
    """Return why *environment* can be looked at but not installed: what has no SHA-256."""
    lacking: dict[str, None] = {}
    for subdir in subdirs:
        for record in lock.environments.get(environment, {}).get(subdir, ()):
            if not record.sha256:
                lacking[identity(record)] = None
        for wheel in lock.wheels_of(environment, subdir):
            if not _SHA256.fullmatch(wheel.sha256):
                lacking[f"{wheel.name} ({_shown(wheel.url)})"] = None
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
    if not _NAME.fullmatch(name):
        return "its name is no name of a Python package"
    if not _PLAIN.fullmatch(url) or re.search(r"[#$\\\"<>`{}|^]", url):
        return "its location has characters that no URL of a wheel has"
    return None


def _refuse(lock: Lock, faults: Iterator[tuple[str, str, str]], subdir: str) -> None:
    for package, fault, fix in faults:
        raise LockError(f"{lock.path}: {_shown(package)} on {subdir}: {fault}", fix)


def _twice(
    records: Sequence[RepoDataRecord], wheels: Sequence[Wheel]
) -> Iterator[tuple[str, str, str]]:
    for names in ([record.name.normalized for record in records], [w.name for w in wheels]):
        seen: set[str] = set()
        for name in names:
            if name in seen:
                yield name, "it is listed twice in one environment", _RESTORE
            seen.add(name)


def _record_faults(
    record: RepoDataRecord, channels: Sequence[str], named: Sequence[str]
) -> Iterator[tuple[str, str, str]]:
    package = identity(record)
    if fault := _location_fault(record.url, ("https", "http", "file")):
        yield package, fault, _RESTORE
    url = _normal(record.url)
    inside = [url.removeprefix(base) for base in channels if url.startswith(base)]
    if not any(_IN_CHANNEL.fullmatch(rest) for rest in inside):
        yield (
            package,
            (
                f"{_shown(record.url)} is not under a channel of the lock "
                f"({', '.join(map(_shown, named)) or 'it has none'})"
            ),
            (
                "If it shall come from there, add the channel to environment.yml and run "
                "'strata lock'; else restore the lock from git."
            ),
        )
    if not record.sha256 or not _SHA256.fullmatch(record.sha256.hex()):
        yield package, "it has no SHA-256, so nothing shows that it is what was locked", _RESTORE
    folder = record.python_site_packages_path
    if folder is not None and not _SITE_PACKAGES.fullmatch(folder):
        yield (
            package,
            (
                f"python_site_packages_path is {_shown(folder)}, and no Python has that "
                "(lib/pythonX.Y/site-packages)"
            ),
            _RESTORE,
        )


def _wheel_faults(wheel: Wheel) -> Iterator[tuple[str, str, str]]:
    if fault := _location_fault(wheel.url, ("https", "http")):
        fix = (
            "strata installs wheels of a Python index only: build and publish it, or install it "
            "by hand afterwards."
            if is_local(wheel)
            else _RESTORE
        )
        yield wheel.name, fault, fix
    if fault := wheel_fault(wheel.name, wheel.url) or _wheel_file_fault(wheel):
        yield wheel.name, fault, _RESTORE
    if not _SHA256.fullmatch(wheel.sha256):
        yield wheel.name, "it has no SHA-256, so nothing shows that it is what was locked", _RESTORE


def _wheel_file_fault(wheel: Wheel) -> str | None:
    from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

    file = unquote(urlsplit(wheel.url).path.rpartition("/")[2])
    try:
        name = parse_wheel_filename(file)[0]
    except InvalidWheelFilename:
        return f"{_shown(file)} is no file name of a wheel"
    return None if name == canonicalize_name(wheel.name) else f"{_shown(file)} is a wheel of {name}"


def _location_fault(url: str, schemes: Sequence[str]) -> str | None:
    if not _PLAIN.fullmatch(url) or _ENCODED_CONTROL.search(url):
        return f"its location {_shown(url)} has white space or control characters"
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return f"its location {_shown(url)} is no URL"
    if parts.scheme not in schemes:
        return f"its location {_shown(url)} is not https"
    if "#" in url:
        return f"its location {_shown(url)} has a fragment (#)"
    if urls.has_credentials(url):
        return f"its location {_shown(url)} holds credentials"
    if parts.scheme == "file":
        return None
    if not host:
        return f"its location {_shown(url)} has no host"
    if not urls.is_encrypted(url):
        return (
            f"its location {_shown(url)} is not encrypted (https; {urls.ALLOW_HTTP}=1 allows "
            "http where you trust the whole way to it)"
        )
    return None


def _channel_url(name: str) -> str:
    """Return the URL of a channel with a slash at its end."""
    try:
        url = Channel(name).base_url
    except Exception:  # noqa: BLE001 - rattler's own kinds; what is no channel holds no package
        url = name
    return _normal(url).rstrip("/") + "/"


def _normal(url: str) -> str:
    """Return *url* with its scheme and host in small letters and without a needless port."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    host = parts.netloc.lower().removesuffix(_DEFAULT_PORTS.get(parts.scheme, "\0"))
    return parts._replace(netloc=host).geturl()


def _shown(text: str | Path) -> str:
    """Return *text* without credentials, and with what a terminal would obey written out."""
    shown = urls.without_credentials(str(text))
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in shown)
