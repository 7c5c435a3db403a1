"""A channel that misbehaves while 'strata install' and 'strata layers' fetch its packages."""

from __future__ import annotations

import time

import pytest

from tests.conftest import HandMadeChannel, Strata

from . import server as faulty
from .conftest import Place, assert_told
from .trees import tree

OTHER = "other"

FOR_GOOD = [
    pytest.param(faulty.status(404), 0, ("404 Not Found",), id="404"),
    pytest.param(faulty.status(403), 0, ("403 Forbidden",), id="403"),
    pytest.param(faulty.status(503), 3, ("503 Service Unavailable",), id="503"),
    pytest.param(faulty.stall, 1, ("the download has stood still for 1 s",), id="stall"),
    pytest.param(faulty.stall_midway, 1, ("has stood still for 1 s",), id="stall-midway"),
    pytest.param(faulty.close_midway, 2, ("the connection broke off",), id="close-midway"),
    pytest.param(faulty.truncated, 2, ("the download is damaged",), id="truncated"),
    pytest.param(OTHER, 1, ("not what the lock says (SHA-256)",), id="wrong-hash"),
]


@pytest.mark.parametrize(("fault", "retries", "said"), FOR_GOOD)
def test_for_good(
    strata: Strata,
    place: Place,
    channel: HandMadeChannel,
    fault: faulty.Fault | str,
    retries: int,
    said: tuple[str, ...],
) -> None:
    """A bounded number of visible tries, one message, the lock untouched; then it works again."""
    place.lock()
    before = place.snapshot()
    if isinstance(fault, str):
        fault = faulty.other((channel.folder / "linux-64/numbers-1.0-h0_0.tar.bz2").read_bytes())
    place.server.script.add("numbers-2.0", fault)
    begin = time.monotonic()
    # rattler pauses for longer than that where it tries again by itself
    limit = {"STRATA_TIMEOUT": "1"} if "still" in said[0] else {}
    failed = strata("install", **limit)
    assert (failed.returncode, failed.stdout) == (6, ""), failed.stderr
    assert time.monotonic() - begin < 15
    assert_told(failed.stderr, "numbers", *said)
    assert failed.stderr.count("trying again") == retries, failed.stderr
    assert place.snapshot() == before
    place.server.script.clear()
    fixed = strata("install")
    assert fixed.returncode == 0, fixed.stderr
    assert tree(place.folder / ".conda") == place.undisturbed()


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(faulty.status(500), id="500"),
        pytest.param(faulty.close_at_once, id="close-at-once"),
        pytest.param(faulty.close_midway, id="close-midway"),
    ],
)
def test_for_a_moment(strata: Strata, place: Place, fault: faulty.Fault) -> None:
    place.lock()
    place.server.script.add("numbers-2.0", fault, 2)
    installed = strata("install")
    assert installed.returncode == 0, installed.stderr
    lines = [line for line in installed.stderr.splitlines() if "trying again" in line]
    assert len(lines) == 2, installed.stderr
    assert all("numbers" in line for line in lines)


def test_slow_is_not_silent(strata: Strata, place: Place) -> None:
    """A download may take longer than the limit, as long as something comes."""
    place.lock()
    place.server.script.add("numbers-2.0", faulty.slow(3))
    installed = strata("install", STRATA_TIMEOUT="1")
    assert installed.returncode == 0, installed.stderr
    assert "trying again" not in installed.stderr


def test_layers_fail_whole_and_can_be_repeated(strata: Strata, place: Place) -> None:
    place.lock()
    place.server.script.add("numbers-2.0", faulty.status(404))
    failed = strata("layers", "--out", "out")
    assert failed.returncode == 6
    assert_told(failed.stderr, "numbers", "404")
    place.server.script.clear()
    assert strata("layers", "--out", "out").returncode == 0
