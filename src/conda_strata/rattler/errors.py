"""What rattler reports when a channel, a download or a disk fails, in words a user can act on.

rattler's errors reach Python as text only: a chain of causes, without the answer's headers (so
``Retry-After`` cannot be honoured). The text is read here and nowhere else.
"""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from conda_strata.core.errors import NetworkError, StrataError
from conda_strata.core.log import logger
from conda_strata.core.urls import without_credentials
from conda_strata.rattler.channels import TIMEOUT, cache_dir, timeout

_log = logger(__name__)

_T = TypeVar("_T")

PAUSES = (0.5, 1.0, 2.0)
"""Seconds to wait before each further try."""

_REPEAT = "Check the network and the mirrors in rattler's configuration; then repeat."
_LATER = (
    "The fault is on the server's side: repeat later, or set a mirror in rattler's configuration."
)
_SLOW = f"Check the network; where it is only slow, set {TIMEOUT} to more seconds; then repeat."
_ANSWER = "Check that no proxy or login page answers in its place; then repeat."
_LOGIN = (
    "Give rattler credentials for that host, in the file that RATTLER_AUTH_FILE or "
    "'authentication-override-file' of its configuration names."
)
_SPELLING = "Check the spelling under 'channels:' and your mirrors in rattler's configuration."
_REPLACED = "If the channel removed or replaced the package, run 'strata lock'; else repeat."
_TRUST = (
    "If that certificate is right for you, put its authority into the system's store and "
    "'tls-root-certs = \"system\"' into rattler's configuration."
)
_PROXY = "Check HTTPS_PROXY, ALL_PROXY and the proxy in rattler's configuration; then repeat."
_ROOM = "Make room there (or name another folder), then repeat."
_RIGHTS = "Make it writable for you (or name another folder), then repeat."

_NO_ROOM = {27, 28, 39, 112, 122}
_NO_RIGHT = {1, 5, 13, 19, 30}

_KINDS: tuple[tuple[str, str, str, int], ...] = (
    ("operation timed out", "no answer within {seconds} s", _SLOW, 1),
    ("tunnel error|proxy", "the proxy cannot be reached, or refuses", _PROXY, 0),
    ("Temporary failure in name", "its host's name cannot be looked up", _REPEAT, 3),
    ("dns error", "no host of that name is known", _REPEAT, 0),
    ("certificate", "its certificate is not trusted ({cause})", _TRUST, 0),
    ("Connection refused", "the connection was refused", _REPEAT, 0),
    ("tcp connect error", "no connection ({cause})", _REPEAT, 0),
    ("hash mismatch", "the download is not what the lock says (SHA-256)", _REPLACED, 1),
    (
        "connection closed|reset by peer|[Bb]roken pipe|end of file before|body|sending request",
        "the connection broke off",
        _REPEAT,
        3,
    ),
)
"""Pattern in rattler's text, what it means, the fix, and how often another try makes sense."""

_DAMAGED = "decode|[Pp]ars|expected value|EOF|unpack|bz2|zstd|zip|frame"


class TransientError(NetworkError):
    """A failure that may be gone a moment later.

    Parameters
    ----------
    what, fix
        As for every failure.
    retries
        How many further tries make sense.
    """

    def __init__(self, what: str, fix: str, retries: int) -> None:
        super().__init__(what, fix)
        self.retries = retries


def retrying(attempt: Callable[[], _T]) -> _T:
    """Return what *attempt* returns; after a transient failure try again, a few times.

    What was fetched before stays in the cache, so a further try carries on.

    Parameters
    ----------
    attempt
        What to do.
    """
    for done in itertools.count(1):
        try:
            return attempt()
        except TransientError as error:
            time.sleep(pause_after(error, done))
    raise AssertionError  # it counts for ever


def pause_after(error: TransientError, done: int) -> float:
    """Return the seconds to wait before the next try, which is told; raise *error* if there is none.

    Parameters
    ----------
    error
        What the last try failed with.
    done
        How many tries there were.
    """
    if done > min(error.retries, len(PAUSES)):
        raise error
    pause = PAUSES[done - 1]
    tries = f"{done} of {error.retries}"
    _log.info("%s, trying again in %g s (%s)", error.what, pause, tries)
    _log.debug("what failed was", exc_info=error)
    return pause


def unreadable_channel(error: Exception, urls: Sequence[str]) -> StrataError:
    """Return what to tell when the repodata of a channel, one of *urls*, could not be read."""
    reason = str(error)
    channels = " or ".join(map(without_credentials, urls))
    return _disk_fault(reason, cache_dir()) or _explain(reason, channels, "unknown channel: ")


def failed_install(error: Exception, urls: Sequence[str], prefix: Path, cache: Path) -> StrataError:
    """Return what to tell when the packages at *urls* could not be brought into *prefix*."""
    reason = str(error)
    if "determine the currently installed" in reason:
        return StrataError(
            f"{prefix}/conda-meta holds a record that cannot be read: {_cause(reason)[:200]}",
            f"Delete {prefix} and repeat.",
        )
    of_prefix = re.search("failed to link|create the prefix", reason)
    if fault := _disk_fault(reason, prefix if of_prefix else cache):
        return fault
    if not (found := re.search(r"failed to fetch (\S+)", reason)):
        return StrataError(
            f"{prefix} cannot be written: {_cause(reason)}",
            f"If a file of {cache} is missing, delete that folder; -v shows all that rattler says.",
        )
    file = found[1]
    url = next((url for url in urls if url.endswith(f"/{file}")), file)
    return _explain(reason, without_credentials(url))


def failed_download(error: Exception, url: str, cache: Path) -> StrataError:
    """Return what to tell when the package at *url* could not be fetched into *cache*."""
    reason = str(error)
    if isinstance(error, OSError) and error.errno and not isinstance(error, ConnectionError):
        return _disk_fault(f": {error.strerror} (os error {error.errno})", cache) or StrataError(
            f"{cache} cannot be written: {error.strerror}", _RIGHTS
        )
    found = _explain(reason, without_credentials(url))
    if isinstance(error, OSError) and isinstance(found, TransientError):
        found.retries = min(found.retries, 2)  # the server answers, and it costs a whole download
    return found


def damaged(url: str) -> TransientError:
    """Return what to tell when less came from *url* than the lock says."""
    return TransientError(f"{without_credentials(url)}: the download is damaged", _REPLACED, 2)


def missing_file(url: str, reason: str) -> NetworkError:
    """Return what to tell when a package of a local channel cannot be read."""
    return NetworkError(f"{without_credentials(url)}: {reason}", _REPLACED)


def other_content(url: str) -> TransientError:
    """Return what to tell when something else came from *url* than was locked."""
    what = "the download is not what the lock says (SHA-256)"
    return TransientError(f"{without_credentials(url)}: {what}", _REPLACED, 1)


def silent(names: str, limit: float) -> TransientError:
    """Return what to tell when the downloads of *names* have not moved for *limit* seconds."""
    return TransientError(
        f"{names}: the download has stood still for {limit:g} s",
        "Check the network and the mirrors in rattler's configuration; then repeat.",
        1,
    )


def _explain(reason: str, subject: str, unknown: str = "") -> NetworkError:
    if found := re.search(
        r"(?:for url \(|shard from '|failed to download )(\w+://[^)'\s]+)", reason
    ):
        subject = without_credentials(found[1])
    if found := re.search(r"HTTP status \w+ error \((\d+)([^)]*)\)", reason):
        return _refused(subject, int(found[1]), f"{found[1]}{found[2]}", unknown)
    if "could not find subdir" in reason:
        return NetworkError(f"{unknown}{subject}: {_cause(reason)}", _SPELLING)
    # names of packages, hosts and folders hold any word
    causes = re.sub(r"failed to fetch \S+|\S*/\S*", "", reason)
    # rattler itself fetches whole files again where it is the body that is at fault
    again = not re.search("an io error occurred|failed to download", reason)
    for pattern, meaning, fix, retries in _KINDS:
        if re.search(pattern, causes):
            what = meaning.format(seconds=timeout(), cause=_cause(reason))
            return TransientError(f"{subject}: {what}", fix, retries * again)
    if re.search(_DAMAGED, causes) and unknown:
        return TransientError(
            f"{subject}: the answer is damaged, or no repodata", _ANSWER, 1 * again
        )
    if re.search(_DAMAGED, causes):
        return TransientError(f"{subject}: the download is damaged", _REPLACED, 1 * again)
    return NetworkError(f"{subject}: {_cause(reason)}", _REPEAT)


def _refused(subject: str, code: int, status: str, unknown: str) -> NetworkError:
    what = f"{subject}: {status}"
    if code in {404, 410}:
        return NetworkError(f"{unknown}{what}", _SPELLING if unknown else _REPLACED)
    if code in {401, 403, 407}:
        return NetworkError(what, _PROXY if code == 407 else _LOGIN)
    if code in {408, 425, 429} or code >= 500:
        return TransientError(what, _LATER, 3)
    return NetworkError(what, _REPEAT)


def _disk_fault(reason: str, place: Path) -> StrataError | None:
    """Return what to tell when it is the disk; a refused connection may bear the same number."""
    found = re.search(r"([^:]+) \(os error (\d+)\)", reason)
    if not found or "sending request" in reason:
        return None
    code = int(found[2])
    if code in _NO_ROOM:
        return StrataError(f"{place} cannot be written: {found[1].strip()}", _ROOM)
    if code in _NO_RIGHT:
        return StrataError(f"{place} cannot be written: {found[1].strip()}", _RIGHTS)
    return None


def _cause(reason: str) -> str:
    """Return the last of the causes, which is the first thing that went wrong.

    One that says nothing is passed over.
    """
    causes = [cause.strip() for cause in reason.strip().split("Caused by: ")]
    told = [cause for cause in causes if cause.rstrip(".") != "other error"]
    last = told[-1] if told else "the connection failed, for a reason that the system does not tell"
    return re.sub(r"https?://[^\s'\")]+", lambda url: without_credentials(url[0]), last)
