"""Notices of the rooms: logging is imported with the first of them, and none is lost."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from conda_strata.core import log
from tests.conftest import Strata

CHECK = """
import sys
before = set(sys.modules)
from conda_strata.cli.main import main
code = main(["check"])
print(*sorted(sys.modules.keys() - before))
sys.exit(code)
"""
NEEDLESS = {"json", "logging", "packaging", "requests", "rich", "shutil", "subprocess", "tempfile"}


class Listener:
    def __init__(self) -> None:
        self.events: list[str] = []

    @contextmanager
    def __call__(self) -> Iterator[None]:
        self.events.append("starts")
        yield
        self.events.append("ends")


def test_check_of_a_good_lock_imports_no_more_than_it_needs(strata: Strata, project: Path) -> None:
    assert strata("lock").returncode == 0
    done = subprocess.run(
        [sys.executable, "-c", CHECK], cwd=project, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    said, modules = done.stdout.splitlines()
    assert said == "strata.lock is up to date"
    assert {"yaml", "rattler"} <= set(modules.split())
    assert not NEEDLESS & set(modules.split())


def test_warning_is_told(strata: Strata, project: Path) -> None:
    file = project / "environment.yml"
    file.write_text(f"{file.read_text()}\nsurplus: 1\n")
    assert "warning: environment.yml:" in strata("lock").stderr
    checked = strata("check")
    assert checked.returncode == 0
    assert checked.stderr.count("'surplus' is not used by strata") == 1


def test_listener_is_called_for_notices_only() -> None:
    listener = Listener()
    with log.heard(listener):
        pass
    log.logger("conda_strata.x").warning("behind the block")
    assert listener.events == []


def test_listener_starts_once_for_many_threads(caplog: pytest.LogCaptureFixture) -> None:
    listener = Listener()
    with log.heard(listener), ThreadPoolExecutor(8) as pool:
        for number in range(50):
            pool.submit(log.logger("conda_strata.x").warning, "%d", number)
    assert listener.events == ["starts", "ends"]
    assert sorted(map(int, caplog.messages)) == list(range(50))


def test_logger_is_that_of_logging(caplog: pytest.LogCaptureFixture) -> None:
    ours = log.logger("conda_strata.x")
    with caplog.at_level(logging.INFO, "conda_strata"):
        ours.info("a")
        ours.debug("b")
    (record,) = caplog.records
    assert (record.name, record.levelname, record.filename) == (
        "conda_strata.x",
        "INFO",
        Path(__file__).name,
    )
