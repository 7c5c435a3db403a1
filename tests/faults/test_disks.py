"""Disks that are full, and folders that nobody may write to."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.conftest import Strata

from .conftest import Place, assert_told, read_only
from .trees import tree

Disk = Callable[[str], Path]


def fill(disk: Path, left: int = 0) -> Path:
    """Use up all room on a disk but *left* bytes."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 1024)
    os.truncate(ballast, max(ballast.stat().st_size - left, 0))
    return ballast


def move_to(disk: Path, place: Place) -> tuple[str, ...]:
    """Keep the project on *disk*; returns the options that find it there."""
    shutil.copy(place.folder / "environment.yml", disk)
    return ("--file", str(disk / "environment.yml"), "--lock", str(disk / "strata.lock"))


def test_lock_on_a_full_disk(strata: Strata, place: Place, disk: Disk) -> None:
    full = disk("size=64k")
    files = move_to(full, place)
    assert strata("lock", *files).returncode == 0
    old = (full / "strata.lock").read_bytes()
    place.ask_for("frames", "tool")
    move_to(full, place)
    ballast = fill(full)
    failed = strata("lock", *files)
    assert failed.returncode == 1
    assert_told(failed.stderr, f"{full}/strata.lock cannot be written: No space left on device")
    assert (full / "strata.lock").read_bytes() == old
    assert sorted(p.name for p in full.iterdir()) == ["ballast", "environment.yml", "strata.lock"]
    ballast.unlink()
    assert strata("lock", *files).returncode == 0
    assert b"tool-1.0" in (full / "strata.lock").read_bytes()


def test_lock_in_a_folder_that_is_read_only(strata: Strata, place: Place, disk: Disk) -> None:
    folder = disk("size=64k")
    files = move_to(folder, place)
    with read_only(folder):
        failed = strata("lock", *files)
    assert failed.returncode == 1
    assert_told(failed.stderr, f"{folder}/strata.lock cannot be written: Read-only file system")
    assert strata("lock", *files).returncode == 0


@pytest.mark.parametrize("command", ["lock", "install", "layers"])
@pytest.mark.parametrize("fault", ["full", "read-only"])
def test_cache(strata: Strata, place: Place, disk: Disk, command: str, fault: str) -> None:
    words = {"layers": ("layers", "--out", "out")}.get(command, (command,))
    if command != "lock":
        place.lock()
    before = place.snapshot()
    cache = disk("size=1m")
    if fault == "full":
        ballast = fill(cache)
        failed = strata(*words, RATTLER_CACHE_DIR=str(cache))
        ballast.unlink()
    else:
        with read_only(cache):
            failed = strata(*words, RATTLER_CACHE_DIR=str(cache))
    assert failed.returncode == 1, failed.stderr
    reason = "No space left" if fault == "full" else "Read-only file system"
    assert_told(failed.stderr, str(cache), reason)
    assert place.snapshot() == before
    assert strata(*words, RATTLER_CACHE_DIR=str(cache)).returncode == 0


def test_cache_that_fills_up_half_way(strata: Strata, wide: Place, disk: Disk) -> None:
    wide.lock()
    cache = disk("size=600k")
    failed = strata("install", RATTLER_CACHE_DIR=str(cache))
    assert failed.returncode == 1, failed.stderr
    assert_told(failed.stderr, f"{cache}/pkgs cannot be written: No space left on device")
    assert strata("install").returncode == 0
    assert tree(wide.folder / ".conda") == wide.undisturbed()


def test_prefix_that_fills_up_half_way(strata: Strata, wide: Place, disk: Disk) -> None:
    wide.lock()
    prefix = disk("size=40m") / "env"
    ballast = fill(prefix.parent, left=2_000_000)
    failed = strata("install", "--prefix", str(prefix))
    assert failed.returncode == 1, failed.stderr
    assert_told(failed.stderr, f"{prefix} cannot be written: No space left on device")
    assert wide.server.script.count("p11-1.0") == 1
    ballast.unlink()
    assert strata("install", "--prefix", str(prefix)).returncode == 0
    assert tree(prefix) == wide.undisturbed()


def test_prefix_that_is_read_only(strata: Strata, place: Place, disk: Disk) -> None:
    place.lock()
    folder = disk("size=1m")
    with read_only(folder):
        failed = strata("install", "--prefix", str(folder / "env"))
    assert failed.returncode == 1
    assert_told(failed.stderr, f"{folder}/env", "cannot be written: Read-only file system")
    assert strata("install", "--prefix", str(folder / "env")).returncode == 0
    with read_only(folder):
        failed = strata("install", "--prefix", str(folder / "env"))
    assert failed.returncode == 1
    assert_told(failed.stderr, "cannot be written: Read-only file system")
    assert place.server.script.asked


@pytest.mark.parametrize("fault", ["full", "read-only"])
def test_layers_that_cannot_be_written(strata: Strata, wide: Place, disk: Disk, fault: str) -> None:
    """What was written of them is taken away, so that the command can be repeated."""
    wide.lock()
    folder = disk("size=1m")
    out = folder / "out"
    if fault == "full":
        failed = strata("layers", "--out", str(out))
        assert not list(out.iterdir())
    else:
        with read_only(folder):
            failed = strata("layers", "--out", str(out))
    assert failed.returncode == 1
    assert_told(failed.stderr, str(out), "cannot be written")
    assert wide.server.script.asked
