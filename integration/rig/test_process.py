from __future__ import annotations

import dataclasses
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rig.machine import ports, process
from rig.machine.process import Process


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[Process]:
    code = "print('ready', flush=True); import time; time.sleep(60)"
    log = tmp_path / "log"
    started = process.start([sys.executable, "-c", code], log, address="", serves="")
    yield started
    process.stop(started)


def test_a_started_process_is_alive_until_stopped(sleeper: Process, tmp_path: Path) -> None:
    ports.wait_for(lambda: (tmp_path / "log").read_text() == "ready\n", 10, "no output")
    assert process.alive(sleeper)
    process.stop(sleeper)
    assert not process.alive(sleeper)


def test_a_process_that_ignores_the_request_is_ended(tmp_path: Path) -> None:
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "print('ready', flush=True); time.sleep(60)"
    )
    log = tmp_path / "log"
    stubborn = process.start([sys.executable, "-c", code], log, address="", serves="")
    ports.wait_for(lambda: log.read_text() == "ready\n", 10, "no output")
    process.stop(stubborn, patience=0.2)
    ports.wait_for(lambda: not process.alive(stubborn), 10, "still there")


def test_a_reused_id_is_not_ours(sleeper: Process) -> None:
    """A record whose time of birth differs names another process: it is left alone."""
    stranger = dataclasses.replace(sleeper, born=sleeper.born - 1)
    assert not process.alive(stranger)
    process.stop(stranger)
    assert process.alive(sleeper)


def test_it_outlives_the_keyboard_interrupt_of_its_starter(sleeper: Process) -> None:
    assert os.getpgid(sleeper.pid) != os.getpgid(0)
    os.kill(sleeper.pid, signal.SIGINT)
    assert process.alive(sleeper)


def test_stopping_what_is_gone_does_nothing(sleeper: Process) -> None:
    process.stop(sleeper)
    process.stop(sleeper)
    process.stop(None)
