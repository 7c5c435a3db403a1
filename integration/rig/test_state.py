from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from rig.machine.process import Process
from rig.machine.state import State, atomic_folder, cache_dir, locked


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RIG_CACHE", str(tmp_path / "cache"))
    return cache_dir()


def test_a_folder_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    final = tmp_path / "final"
    with atomic_folder(final) as folder:
        (folder / "file").write_text("x")
        assert not final.exists()
    assert (final / "file").read_text() == "x"


def test_a_failed_folder_leaves_nothing_behind(tmp_path: Path) -> None:
    final = tmp_path / "folder" / "final"
    with pytest.raises(ZeroDivisionError), atomic_folder(final) as folder:
        (folder / "file").write_text("x")
        raise ZeroDivisionError
    assert list(final.parent.iterdir()) == []


def test_the_record_comes_back_as_it_was_written() -> None:
    state = State(
        processes={"registry": Process(pid=7, born=8, address="127.0.0.1:5000", serves="/x")},
        ports={"registry": 5000},
        rig={"docker": False},
    )
    state.save()
    assert State.load() == state


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"processes": {"x": {}}}'])
def test_a_broken_record_counts_as_none(cache: Path, content: str) -> None:
    (cache / "state.json").write_text(content)
    assert State.load() == State()


def test_only_one_rig_works_at_a_time(cache: Path) -> None:
    with (
        locked(),
        (cache / "lock").open() as other,
        pytest.raises(BlockingIOError),
    ):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
