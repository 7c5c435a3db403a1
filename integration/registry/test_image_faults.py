"""``strata image`` where something is missing, full, or at work twice."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from integration.registry.image_registry import add_base
from tests.conftest import HandMadeChannel, Strata, write_environment
from tests.faults.conftest import disk
from tests.faults.test_disks import Disk, fill

__all__ = ["disk"]

DOCKERFILE = "FROM {base} AS runtme-base\nRUN true\n"


@pytest.fixture(autouse=True)
def base(registry: str, project: Path, channel: HandMadeChannel, strata: Strata) -> str:
    """The base image of the project, which has one environment."""
    name = add_base(registry, f"{project.parent.name.replace('_', '-')}/base:1")
    (project / "strata.toml").write_text(f'[image]\nname = "{name[:-2]}-app"\nbase = "{name}"\n')
    write_environment(project, channel, ["frames", "paths"])
    assert strata("lock").returncode == 0
    return name


def archive(strata: Strata, name: str, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return strata("image", "build", "--output", name, *words, **env)


def test_an_archive_on_a_full_disk(strata: Strata, disk: Disk) -> None:
    folder = disk("size=64k")
    ballast = fill(folder)
    failed = archive(strata, str(folder / "image.tar"))
    assert failed.returncode == 1
    assert f"{folder}/image.tar cannot be written: No space left on device" in failed.stderr
    assert [path.name for path in folder.iterdir()] == ["ballast"]
    ballast.unlink()
    assert archive(strata, str(folder / "image.tar")).returncode == 0


def test_a_full_cache(strata: Strata, disk: Disk, project: Path) -> None:
    """First the packages fit and then the layers do not; repeated, it ends as elsewhere."""
    assert archive(strata, "image.tar").returncode == 0
    cache = disk("size=4m")
    assert strata("install", RATTLER_CACHE_DIR=str(cache)).returncode == 0
    ballast = fill(cache, left=4096)
    failed = archive(strata, "again.tar", RATTLER_CACHE_DIR=str(cache))
    assert failed.returncode == 1
    assert "No space left on device" in failed.stderr
    assert "Traceback" not in failed.stderr
    ballast.unlink()
    assert archive(strata, "again.tar", RATTLER_CACHE_DIR=str(cache)).returncode == 0
    assert (project / "again.tar").read_bytes() == (project / "image.tar").read_bytes()
    assert not list(cache.glob("strata-images/**/.partial-*"))


def test_two_at_once(project: Path, strata: Strata) -> None:
    command = [sys.executable, "-m", "conda_strata", "image", "build", "--output"]
    processes = [
        subprocess.Popen([*command, f"{n}.tar"], cwd=project, stderr=subprocess.PIPE, text=True)
        for n in range(3)
    ]
    said = [process.communicate(timeout=120)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], said
    assert strata("image", "build", "--output", "3.tar").returncode == 0
    assert len({(project / f"{n}.tar").read_bytes() for n in range(4)}) == 1


def test_a_stage_with_a_typo(strata: Strata, project: Path, base: str) -> None:
    (project / "strata.toml").write_text('[image]\ndockerfile = "Dockerfile"\n')
    (project / "Dockerfile").write_text(DOCKERFILE.format(base=base))
    refused = archive(strata, "image.tar")
    assert refused.returncode == 3
    assert "Dockerfile: no stage is called runtime-base or runtime" in refused.stderr
    assert "Did you mean 'runtme-base'?" in refused.stderr


def test_a_base_to_build_and_no_docker(
    strata: Strata, project: Path, base: str, tmp_path: Path
) -> None:
    (project / "strata.toml").write_text('[image]\ndockerfile = "Dockerfile"\n')
    (project / "Dockerfile").write_text(DOCKERFILE.format(base=base).replace("runtme", "runtime"))
    (tmp_path / "bin").mkdir()
    refused = archive(strata, "image.tar", PATH=str(tmp_path / "bin"))
    assert refused.returncode == 1
    assert "docker is not installed; podman is not installed" in refused.stderr


def test_a_base_that_is_not_there(strata: Strata, project: Path, base: str) -> None:
    (project / "strata.toml").write_text(f'[image]\nbase = "{base}0"\n')
    refused = archive(strata, "image.tar")
    assert refused.returncode == 6
    assert f"{base}0: no such image\n  Check its name in strata.toml." in refused.stderr


def test_offline_it_goes_on_with_what_it_has(strata: Strata, project: Path, base: str) -> None:
    """The name's registry is gone: that is said, and the base image is here."""
    (project / "strata.toml").write_text(f'[image]\nname = "127.0.0.1:1/app"\nbase = "{base}"\n')
    done = archive(strata, "image.tar")
    assert done.returncode == 0, done.stderr
    assert "going on without what it has" in done.stderr
    assert (project / "image.tar").stat().st_size > 0
