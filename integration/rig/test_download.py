from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from rig import RigError
from rig.channel import download
from rig.machine.platforms import PLATFORMS

LOCK = """\
# a comment
one[extra]==1 \\
    --hash=sha256:00
    # via -r requirements.in
Two_more==2 ; sys_platform == 'linux' \\
    --hash=sha256:01
three==3 \\
    --hash=sha256:02
"""
AARCH64 = PLATFORMS[1]


@pytest.fixture(autouse=True)
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock of three projects, in a cache of its own."""
    monkeypatch.setenv("RIG_CACHE", str(tmp_path / "cache"))
    lock = tmp_path / "requirements.txt"
    lock.write_text(LOCK)
    monkeypatch.setattr(download, "LOCK", lock)


def test_a_part_of_the_lock_keeps_its_hashes() -> None:
    text = download.select(LOCK, {"two-more"})
    assert text == "Two_more==2 ; sys_platform == 'linux' \\\n    --hash=sha256:01\n"


def test_a_project_without_a_wheel_is_left_out_and_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def pip(folder: Path, lock: Path, target: Sequence[str] = ()) -> None:
        assert "--platform=manylinux2014_aarch64" in target
        if "Two_more" in lock.read_text():
            raise RigError("ERROR: No matching distribution found for Two_more==2")
        (folder / "one-1-py3-none-any.whl").touch()

    monkeypatch.setattr(download, "_download", pip)
    folder = download.foreign_wheels(AARCH64, "3.11", {"one", "two-more"})
    assert [path.name for path in folder.iterdir()] == ["one-1-py3-none-any.whl"]
    assert "two-more has no wheel for linux-aarch64" in capsys.readouterr().err


def test_any_other_failure_is_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def pip(*_: object) -> None:
        raise RigError("connection refused")

    monkeypatch.setattr(download, "_download", pip)
    with pytest.raises(RigError, match="refused"):
        download.foreign_wheels(AARCH64, "3.11", {"one"})
    assert not list((tmp_path / "cache").iterdir())


def test_each_platforms_wheels_survive_a_new_download_of_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(download, "_download", lambda *_: None)
    old = download.wheels()
    foreign = download.foreign_wheels(AARCH64, "3.11", {"one"})
    download.LOCK.write_text(LOCK + "four==4 \\\n    --hash=sha256:03\n")
    new = download.wheels()
    assert (old.exists(), foreign.exists(), new.exists()) == (False, True, True)
