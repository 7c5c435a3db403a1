"""Several at once on one prefix, one cache or one lock."""

from __future__ import annotations

import time

from tests.conftest import Strata

from . import server as faulty
from .conftest import Place, Process, Start
from .trees import tree


def finish(processes: list[Process]) -> list[str]:
    """Return what each said; all have to succeed."""
    said = [process.communicate(timeout=60)[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes), said
    assert "Traceback" not in "".join(said)
    return said


def test_one_prefix(start: Start, wide: Place) -> None:
    wide.lock()
    wide.server.script.add("p5-1.0", faulty.slow(1.5))
    finish([start("install") for _ in range(4)])
    assert wide.server.script.count("p5-1.0") == 1
    found = tree(wide.folder / ".conda")
    assert found == wide.undisturbed()


def test_waiting_for_a_prefix_is_said(start: Start, place: Place) -> None:
    place.lock()
    place.server.script.add("numbers-2.0", faulty.slow(2))
    first = start("install")
    place.server.script.wait_for("numbers-2.0")
    second = start("install")
    said = finish([first, second])
    assert "waiting" not in said[0]
    assert "another strata is working on" in said[1]
    assert ".conda: waiting …" in said[1]


def test_two_prefixes_and_one_cache(start: Start, place: Place) -> None:
    place.lock()
    place.server.script.add("numbers-2.0", faulty.slow(2))
    first = start("install")
    place.server.script.wait_for("numbers-2.0")
    second = start("install", "--prefix", "second", STRATA_TIMEOUT="1")
    said = finish([first, second])
    assert "another strata is working on the package cache" in said[1]
    assert place.server.script.count("numbers-2.0") == 1
    assert (place.folder / "second/share/numbers.txt").read_text() == "numbers 2.0\n"
    assert (place.folder / ".conda/share/numbers.txt").read_text() == "numbers 2.0\n"


def test_one_that_waits_can_be_interrupted(start: Start, place: Place) -> None:
    place.lock()
    place.server.script.add("numbers-2.0", faulty.stall)
    start("install")
    place.server.script.wait_for("numbers-2.0")
    second = start("install")
    time.sleep(1.5)
    assert second.poll() is None
    second.send_signal(2)
    _, err = second.communicate(timeout=5)
    assert second.returncode == 130
    assert "waiting" in err


def test_one_lock(strata: Strata, start: Start, place: Place) -> None:
    """Each waits for the others, so that none undoes what another has just locked."""
    place.ask_for("frames", "tool")
    place.server.script.add("repodata_shards", faulty.slow(0.5))
    said = finish([start("lock") for _ in range(4)])
    assert sum("strata.lock written" in text for text in said) == 1, said
    assert sum("another strata is working on strata.lock: waiting" in text for text in said) >= 1
    assert sorted(p.name for p in place.folder.iterdir()) == ["environment.yml", "strata.lock"]
    assert strata("check").returncode == 0
