"""The same lock is the same layers, whoever makes them, where, when and how."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from itertools import count
from pathlib import Path

import libfaketime
import pytest

from integration.registry.image_registry import add_base, files
from tests.conftest import HandMadeChannel, Strata, write_environment

Push = Callable[..., list[str]]

_FAKETIME = Path(libfaketime.__file__).parent / "vendor/libfaketime/src/libfaketime.so.1"


@pytest.fixture
def push(strata: Strata, project: Path, channel: HandMadeChannel, registry: str) -> Push:
    """Push to a repository with nothing in it and return the digests of the layers' archives."""
    write_environment(project, channel, ["frames", "paths", "left", "right"])
    write_environment(project, channel, ["tool"], "environment-dev.yml")
    assert strata("lock").returncode == 0
    numbers = count()

    def run(*prefix: str, cache: Path | None = None, umask: int = 0o022, **env: str) -> list[str]:
        name = f"{project.parent.name.replace('_', '-')}/{next(numbers)}"
        add_base(registry, f"{name}:base")
        image = f"{registry}/{name}"
        command = [sys.executable, "-m", "conda_strata", "push", f"{image}:dev", "--env", "dev"]
        own_cache = cache or project.parent / f"cache-{name.rpartition('/')[2]}"
        done = subprocess.run(
            [*prefix, *command, "--base", f"{image}:base"],
            cwd=project,
            env=os.environ | env | {"RATTLER_CACHE_DIR": os.fspath(own_cache)},
            capture_output=True,
            text=True,
            check=False,
            umask=umask,
        )
        assert done.returncode == 0, done.stderr
        digests = files(f"{image}:dev").digests
        assert len(digests) > 5
        return digests

    return run


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_umask(push: Push, umask: int) -> None:
    assert push(umask=umask) == push()


@pytest.mark.parametrize(
    "setting", ["LC_ALL=C", "LC_ALL=C.UTF-8", "TZ=Asia/Kathmandu", "PYTHONHASHSEED=7"]
)
def test_settings_of_the_machine(push: Push, setting: str) -> None:
    name, _, value = setting.partition("=")
    assert push(**{name: value}) == push()


def test_number_of_processors(push: Push) -> None:
    assert push("taskset", "--cpu-list", "0") == push()


def test_user(push: Push) -> None:
    """Another user and group own every file that is made."""
    as_another = ("unshare", "--user", "--map-user=1234", "--map-group=4321")
    if subprocess.run([*as_another, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody be another user: no user namespaces")
    assert push(*as_another) == push()


def test_time(push: Push) -> None:
    """Made in seven years; the clock of the files that linking writes, too."""
    later = {"LD_PRELOAD": os.fspath(_FAKETIME), "FAKETIME": "+7y", "DONT_FAKE_MONOTONIC": "1"}
    said = subprocess.run(
        [sys.executable, "-c", "import time; print(time.gmtime().tm_year)"],
        env=os.environ | later,
        capture_output=True,
        text=True,
        check=True,
    )
    now = subprocess.run(["date", "+%Y"], capture_output=True, text=True, check=True)
    assert int(said.stdout) == int(now.stdout) + 7
    assert push(**later) == push()


def test_order_of_files_and_place_of_the_cache(push: Push, tmp_path: Path) -> None:
    """A file system in memory lists files in another order; this cache was filled backwards."""
    before = push(cache=tmp_path / "first")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as memory:
        cache = Path(memory) / "a long way down" / "cache"
        cache.mkdir(parents=True)
        for file in sorted((tmp_path / "first").rglob("*"), reverse=True):
            copy = cache / file.relative_to(tmp_path / "first")
            copy.parent.mkdir(parents=True, exist_ok=True)
            if not file.is_dir():
                shutil.copy2(file, copy, follow_symlinks=False)
        assert push(cache=cache) == before
