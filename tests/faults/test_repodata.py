"""A channel that misbehaves while 'strata lock' reads it."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest

from tests.conftest import Strata

from . import server as faulty
from .conftest import Place, assert_told

FOR_GOOD = [
    pytest.param(faulty.status(404), 0, ("unknown channel", "404 Not Found"), id="404"),
    pytest.param(faulty.status(401), 0, ("401 Unauthorized",), id="401"),
    pytest.param(faulty.status(403), 0, ("403 Forbidden",), id="403"),
    pytest.param(faulty.status(429, Retry_After="1"), 3, ("429 Too Many Requests",), id="429"),
    pytest.param(faulty.status(500), 3, ("500 Internal Server Error",), id="500"),
    pytest.param(faulty.stall, 1, ("no answer within 1 s",), id="stall"),
    pytest.param(faulty.stall_midway, 1, ("no answer within 1 s",), id="stall-midway"),
    pytest.param(faulty.close_at_once, 3, ("the connection broke off",), id="close-at-once"),
    pytest.param(faulty.too_long, 3, ("the connection broke off",), id="wrong-length"),
    pytest.param(faulty.truncated, 1, ("the answer is damaged",), id="truncated"),
    pytest.param(faulty.html, 1, ("the answer is damaged, or no repodata",), id="html"),
]

OF_ONE_FILE = [
    pytest.param(faulty.stall_midway, {0, 1}, ("no answer within 1 s",), id="stall-midway"),
    pytest.param(faulty.truncated, {0}, ("the answer is damaged",), id="truncated"),
    pytest.param(faulty.html, {0}, ("the answer is damaged, or no repodata",), id="html"),
]
"""Faults of the one large file of a channel that has no shards: rattler fetches it again itself,
but for some of the stalls, by where the time runs out."""


@pytest.mark.parametrize(("fault", "retries", "said"), FOR_GOOD)
def test_for_good(
    strata: Strata, place: Place, fault: faulty.Fault, retries: int, said: tuple[str, ...]
) -> None:
    fails_and_recovers(strata, place, [("repodata", fault)], {retries}, said)


@pytest.mark.parametrize(("fault", "retries", "said"), OF_ONE_FILE)
def test_for_good_without_shards(
    strata: Strata, place: Place, fault: faulty.Fault, retries: set[int], said: tuple[str, ...]
) -> None:
    faults = [("repodata_shards", faulty.status(404)), ("repodata.json", fault)]
    fails_and_recovers(strata, place, faults, retries, said)


def fails_and_recovers(
    strata: Strata,
    place: Place,
    faults: Sequence[tuple[str, faulty.Fault]],
    retries: set[int],
    said: Sequence[str],
) -> None:
    """A bounded number of visible tries, one message, the old lock; and then it works again."""
    place.lock()
    before = place.snapshot()
    place.ask_for("frames", "tool")
    before["environment.yml"] = (place.folder / "environment.yml").read_bytes()
    place.forget()
    for part, fault in faults:
        place.server.script.add(part, fault)
    begin = time.monotonic()
    failed = strata("lock", STRATA_TIMEOUT="1")
    assert (failed.returncode, failed.stdout) == (6, ""), failed.stderr
    assert time.monotonic() - begin < 12
    assert_told(failed.stderr, place.server.url, *said)
    assert failed.stderr.count("trying again in") in retries, failed.stderr
    assert place.snapshot() == before
    place.server.script.clear()
    assert strata("lock").returncode == 0
    assert b"tool-1.0" in place.snapshot()["strata.lock"]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        pytest.param(faulty.status(500), "500 Internal Server Error, trying again", id="500"),
        pytest.param(faulty.status(429, Retry_After="1"), "429 Too Many Requests, try", id="429"),
        pytest.param(faulty.close_midway, "the connection broke off, trying again", id="broken"),
    ],
)
def test_for_a_moment(strata: Strata, place: Place, fault: faulty.Fault, said: str) -> None:
    """Two failures are said, and survived."""
    place.server.script.add("linux-64/repodata_shards", fault, 2)
    locked = strata("lock")
    assert locked.returncode == 0, locked.stderr
    assert locked.stderr.count(said) == 2, locked.stderr
    assert "in 0.5 s (1 of 3)" in locked.stderr
    assert "in 1 s (2 of 3)" in locked.stderr
    assert place.server.url in locked.stderr


def test_refused_credentials_are_not_shown(strata: Strata, place: Place) -> None:
    place.server.script.add("", faulty.status(403))
    url = place.server.url.replace("://", "://user:secret@") + "/t/secret-token/"
    text = (place.folder / "environment.yml").read_text()
    (place.folder / "environment.yml").write_text(text.replace(place.server.url, url))
    refused = strata("lock")
    assert refused.returncode in {3, 6}
    assert_told(refused.stderr)


def test_login_is_the_fix_of_a_refusal(strata: Strata, place: Place) -> None:
    place.server.script.add("", faulty.status(401))
    assert "Give rattler credentials for that host" in strata("lock").stderr


@pytest.mark.parametrize("value", ["0", "-1", "soon", "1.5"])
def test_the_limit_is_a_number_of_seconds(strata: Strata, place: Place, value: str) -> None:
    assert place.server.url
    refused = strata("lock", STRATA_TIMEOUT=value)
    assert refused.returncode == 2
    assert refused.stderr.count("error: STRATA_TIMEOUT is a whole number of seconds, not") == 1
