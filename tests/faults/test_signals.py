"""Ctrl-C, and ends without warning."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Strata

from . import server as faulty
from .conftest import Place, Process, Start
from .trees import tree

NOTE = Path("conda-meta/strata-unfinished")
PROMPT = 3
"""Seconds within which an interrupted command ends."""


def until(process: Process, condition: Callable[[], bool]) -> None:
    """Return as soon as *condition* holds, which has to be while the process runs."""
    while not condition():
        assert process.poll() is None, f"it ended too early: {process.communicate()}"
        time.sleep(0.001)


def assert_interrupted(process: Process) -> None:
    begin = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10 * PROMPT)
    assert process.returncode == 130, err
    assert time.monotonic() - begin < PROMPT
    assert out == ""
    assert err.strip().splitlines()[-1].startswith("interrupted; run it again"), err
    assert "Traceback" not in err, err


@pytest.mark.parametrize("fault", [faulty.stall, faulty.stall_midway], ids=["stall", "midway"])
def test_interrupted_lock(strata: Strata, start: Start, place: Place, fault: faulty.Fault) -> None:
    place.lock()
    place.ask_for("frames", "tool")
    before = place.snapshot()
    place.forget()
    place.server.script.asked.clear()
    place.server.script.add("repodata", fault)
    process = start("lock")
    place.server.script.wait_for("repodata")
    assert_interrupted(process)
    assert place.snapshot() == before
    place.server.script.clear()
    assert strata("lock").returncode == 0


def test_interrupted_between_two_tries(start: Start, place: Place) -> None:
    place.server.script.add("repodata", faulty.status(500))
    process = start("lock")
    until(process, lambda: place.server.script.count("repodata") >= 4)
    time.sleep(0.2)
    assert_interrupted(process)


def test_interrupted_download(strata: Strata, start: Start, place: Place) -> None:
    place.lock()
    place.server.script.add("numbers-2.0", faulty.stall_midway)
    process = start("install")
    place.server.script.wait_for("numbers-2.0")
    assert_interrupted(process)
    place.server.script.clear()
    fixed = strata("install")
    assert fixed.returncode == 0, fixed.stderr
    assert tree(place.folder / ".conda") == place.undisturbed()


def records(prefix: Path) -> int:
    return len(list((prefix / "conda-meta").glob("*.json")))


MOMENTS: dict[str, Callable[[Path], bool]] = {
    "begun": lambda prefix: (prefix / NOTE).exists(),
    "first-file": lambda prefix: (prefix / "share").exists(),
    "one-record": lambda prefix: records(prefix) >= 1,
    "half": lambda prefix: records(prefix) >= 6,
    "nearly": lambda prefix: records(prefix) >= 11,
}


@pytest.mark.parametrize(
    ("moment", "end"),
    [(moment, signal.SIGKILL) for moment in MOMENTS]
    + [("first-file", signal.SIGINT), ("half", signal.SIGINT)],
)
def test_first_install_that_ends_in_the_middle(
    strata: Strata, start: Start, wide: Place, moment: str, end: signal.Signals
) -> None:
    """The next installation leaves what one that was never disturbed leaves."""
    wide.lock()
    prefix = wide.folder / ".conda"
    process = start("install")
    until(process, lambda: MOMENTS[moment](prefix))
    process.send_signal(end)
    _, err = process.communicate()
    assert process.returncode == (130 if end == signal.SIGINT else -end), err
    assert (prefix / NOTE).exists(), "the end came too late to tell anything"
    fixed = strata("install")
    assert fixed.returncode == 0, fixed.stderr
    assert "broken off: starting anew" in fixed.stderr
    assert not (prefix / NOTE).exists()
    found = tree(prefix)
    assert len(found) > 2400
    assert found == wide.undisturbed()


@pytest.mark.parametrize("share", [0.1, 0.8])
def test_update_that_is_killed_in_the_middle(
    strata: Strata, start: Start, wide: Place, share: float
) -> None:
    """Also what a person put into the prefix survives the repair."""
    wide.lock()
    assert strata("install").returncode == 0
    prefix = wide.folder / ".conda"
    (prefix / "share/own.txt").write_text("mine")
    wide.ask_for("p11 2.0")
    wide.lock()
    process = start("install")
    meta = prefix / "conda-meta"
    until(process, lambda: len(list(meta.glob("*-2.0-*.json"))) >= 12 * share)
    until(process, (prefix / NOTE).exists)
    process.kill()
    process.communicate()
    assert (prefix / NOTE).exists(), "the kill came too late to tell anything"
    fixed = strata("install")
    assert fixed.returncode == 0, fixed.stderr
    assert "broken off: linking all again" in fixed.stderr
    found = tree(prefix)
    assert found.pop("share/own.txt") == b"mine"
    assert found == wide.undisturbed()


def test_a_record_that_was_cut_off_is_fixed(strata: Strata, wide: Place) -> None:
    wide.lock()
    assert strata("install").returncode == 0
    prefix = wide.folder / ".conda"
    record = prefix / "conda-meta/p3-1.0-h0_0.json"
    record.write_bytes(record.read_bytes()[:100])
    refused = strata("install")
    assert refused.returncode == 1
    assert "holds a record that cannot be read" in refused.stderr
    assert "Delete .conda" in refused.stderr or f"Delete {prefix}" in refused.stderr
    assert strata("install").returncode == 0, "a failed installation is repaired by the next"


@pytest.mark.parametrize("pause", [0.0, 0.05])
def test_killed_lock(strata: Strata, start: Start, place: Place, pause: float) -> None:
    """The old lock stays; or the new one is whole. Nothing else is left once it was repeated."""
    place.lock()
    old = (place.folder / "strata.lock").read_bytes()
    place.ask_for("frames", "tool")
    place.server.script.asked.clear()
    place.forget()
    process = start("lock")
    place.server.script.wait_for("repodata")
    time.sleep(pause)
    process.kill()
    process.communicate()
    left = (place.folder / "strata.lock").read_bytes()
    assert strata("lock").returncode == 0
    new = (place.folder / "strata.lock").read_bytes()
    assert left in {old, new}
    assert sorted(p.name for p in place.folder.iterdir()) == ["environment.yml", "strata.lock"]


def test_leftover_of_a_killed_lock_is_overwritten(strata: Strata, place: Place) -> None:
    (place.folder / ".strata.lock.partial").write_text("half")
    assert strata("lock").returncode == 0
    assert sorted(p.name for p in place.folder.iterdir()) == ["environment.yml", "strata.lock"]
