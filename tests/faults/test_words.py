"""rattler's errors are text: names in them must not be taken for reasons."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from conda_strata.core.errors import NetworkError, StrataError
from conda_strata.rattler.errors import TransientError, failed_install, retrying, unreadable_channel

PREFIX, CACHE = Path("/prefix"), Path("/cache")
FETCH = (
    "failed to fetch {0}\nCaused by: failed to interact with the package cache layer.\nCaused by: "
)


@pytest.mark.parametrize("name", ["zstd", "frames", "proxy-tools", "certificate", "bz2file"])
def test_names_of_packages_are_no_reasons(name: str) -> None:
    file = f"{name}-1.0-h0_0.conda"
    url = f"https://proxy.example/certificate/linux-64/{file}"
    text = FETCH.format(file) + f"hash mismatch when extracting {url} to /cache/.{name}: expected 0"
    error = failed_install(Exception(text), [url], PREFIX, CACHE)
    assert isinstance(error, TransientError)
    assert error.what == f"{url}: the download is not what the lock says (SHA-256)"


def test_an_unknown_failure_is_passed_on_in_short() -> None:
    text = "something\nCaused by: it went wrong at https://me:secret@host/t/secret/x"
    error = unreadable_channel(Exception(text), ["https://me:secret@host/t/secret/channel"])
    assert type(error) is NetworkError
    assert error.what == "https://host/channel: it went wrong at https://host/x"


def test_a_full_disk_is_no_network_failure() -> None:
    text = (
        FETCH.format("a.conda") + "an io error occurred: x: No space left on device (os error 28)"
    )
    error = failed_install(Exception(text), ["https://host/a.conda"], PREFIX, CACHE)
    assert type(error) is StrataError
    assert error.what == "/cache cannot be written: No space left on device"


def test_a_forbidden_connection_is_no_disk_failure() -> None:
    text = "error sending request for url (https://host/x)\nCaused by: tcp connect error\n"
    error = unreadable_channel(Exception(f"{text}Caused by: Permission denied (os error 13)"), [])
    assert error.exit_code == NetworkError.exit_code


def test_tries_are_bounded_by_their_error(caplog: pytest.LogCaptureFixture) -> None:
    tried: list[int] = []

    def attempt() -> None:
        tried.append(1)
        raise TransientError("no", "fix", 1)

    with caplog.at_level(logging.INFO), pytest.raises(TransientError):
        retrying(attempt)
    assert (len(tried), caplog.messages) == (2, ["no, trying again in 0.5 s (1 of 1)"])


def test_cause_that_says_nothing_is_passed_over() -> None:
    text = "error sending request\nCaused by: client error (Canceled)\nCaused by: other error"
    assert "other error" not in unreadable_channel(Exception(f"fetch\nCaused by: {text}"), []).what
    assert "does not tell" in unreadable_channel(Exception("other error"), []).what
