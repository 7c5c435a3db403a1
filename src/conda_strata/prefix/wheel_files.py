"""Wheels as files: downloaded once, compared with the lock's SHA-256 each time."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests
import urllib3

from conda_strata.core import urls
from conda_strata.core.errors import LockError, NetworkError, StrataError
from conda_strata.lock.gate import wheel_fault
from conda_strata.pypi.index_login import login
from conda_strata.pypi.wheel import Wheel
from conda_strata.rattler import channels
from conda_strata.rattler.errors import TransientError, retrying

_AT_ONCE = 8
_BLOCK = 1024 * 1024
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]*\.(?:whl|tar\.gz|zip)")
_CHECK = "Check the network and the proxy (HTTPS_PROXY); then repeat."
_LOGIN = "Put the login for that host into ~/.netrc, or into the index's URL in UV_DEFAULT_INDEX."
_REPLACED = "If the index removed or replaced the file, run 'strata lock'; else repeat."


def fetched(wheels: Sequence[Wheel]) -> list[Path]:
    """Return the files of *wheels*, in the same order; those not in the cache are downloaded.

    Raises
    ------
    LockError
        When the lock's name, location or hash of a wheel is none.
    NetworkError
        When a wheel cannot be downloaded, or is not what the lock says (SHA-256).
    StrataError
        When the cache cannot be written.
    """
    for wheel in wheels:
        _require_sound(wheel)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(_fetched, wheels))


def _require_sound(wheel: Wheel) -> None:
    fault = wheel_fault(wheel.name, wheel.url)
    if fault is None and not re.fullmatch("[0-9a-f]{64}", wheel.sha256):
        fault = "it has no SHA-256"
    if fault is None and not _FILE_NAME.fullmatch(wheel.file_name):
        fault = f"{wheel.file_name!a} is no file name of a wheel"
    if fault:
        raise LockError(
            f"the wheel {wheel.name!a} of the lock: {fault}",
            "Restore the lock from git, or delete it and run 'strata lock'.",
        )


def _fetched(wheel: Wheel) -> Path:
    file = channels.cache_dir() / "wheels" / wheel.sha256 / wheel.file_name
    try:
        if not file.is_file() or _sha256(file) != wheel.sha256:
            file.parent.mkdir(parents=True, exist_ok=True)
            retrying(lambda: _download(wheel, file))
    except OSError as error:
        raise StrataError(
            f"{file} cannot be written: {error.strerror or error}",
            "Make room there, or name another folder in RATTLER_CACHE_DIR; then repeat.",
        ) from error
    return file


def _sha256(file: Path) -> str:
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _download(wheel: Wheel, file: Path) -> None:
    shown = urls.without_credentials(wheel.url)
    hashed = hashlib.sha256()
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=".part-")
    try:
        with os.fdopen(descriptor, "wb") as handle, requests.Session() as session:
            for block in _blocks(session, wheel.url, shown):
                hashed.update(block)
                handle.write(block)
        if hashed.hexdigest() != wheel.sha256:
            what = f"{shown}: the download is not what the lock says (SHA-256)"
            raise TransientError(what, _REPLACED, 1)
        Path(name).replace(file)
    finally:
        Path(name).unlink(missing_ok=True)


def _blocks(session: requests.Session, url: str, shown: str) -> Iterator[bytes]:
    if "REQUESTS_CA_BUNDLE" not in os.environ and (trusted := os.environ.get("SSL_CERT_FILE")):
        session.verify = trusted
    headers = {"Accept-Encoding": "identity"}  # else a server could send a small bomb
    try:
        with session.get(
            url, headers=headers, auth=login(url), stream=True, timeout=channels.timeout()
        ) as answer:
            if not answer.ok:
                raise _refusal(shown, answer.status_code, answer.reason)
            yield from answer.raw.stream(_BLOCK, decode_content=False)
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        cause = str(error).rpartition("Caused by ")[2] or str(error)
        cause = re.sub(r"<[^>]*>:?\s*", "", cause).strip("()'") or type(error).__name__
        raise TransientError(f"{shown}: {urls.without_credentials(cause)}", _CHECK, 2) from error


def _refusal(shown: str, code: int, reason: str) -> NetworkError:
    what = f"{shown}: {code} {reason}"
    if code in {401, 403}:
        return NetworkError(what, _LOGIN)
    if code in {408, 425, 429} or code >= 500:
        return TransientError(what, _CHECK, 3)
    return NetworkError(what, _REPLACED if code in {404, 410} else _CHECK)
