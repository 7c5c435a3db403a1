"""The other platform's packages, run under an emulator that is fetched for that."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from rig.channel import build as channel
from rig.channel import interpreter, verify
from rig.channel.server import CHANNEL
from rig.machine.commands import run
from rig.machine.platforms import Platform, foreign
from rig.machine.state import atomic_folder, cache_dir

pytestmark = pytest.mark.cloud


@pytest.fixture
def emulator() -> str:
    """QEMU from Debian's archive, unpacked into the cache and not installed."""
    name = f"qemu-{foreign().machine}-static"
    if found := shutil.which(name):
        return found
    folder = cache_dir() / "qemu"
    if not folder.exists():
        if shutil.which("apt-get") is None:
            pytest.skip(f"no {name}, and no apt to fetch it with")
        with atomic_folder(folder) as temporary:
            # By root itself: apt's own user cannot write here.
            apt = ["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root"]
            subprocess.run([*apt, "qemu-user-static"], cwd=temporary, check=True)
            (archive,) = temporary.glob("*.deb")
            run(["dpkg", "-x", str(archive), str(temporary)], fix="Is this Debian?")
            shutil.move(temporary / "usr" / "bin" / name, temporary)
            shutil.rmtree(temporary / "usr")
            archive.unlink()
    return str(folder / name)


@pytest.fixture
def packages() -> tuple[Path, Platform]:
    folder, _ = channel.ensure()
    other = foreign()
    if other.subdir not in channel.subdirs(folder):
        pytest.skip(f"the channel has nothing for {other.subdir}: that takes Python 3.11")
    return folder / CHANNEL, other


def test_the_other_platforms_packages_work(
    packages: tuple[Path, Platform], emulator: str, tmp_path: Path
) -> None:
    folder, other = packages
    prefix, system = tmp_path / "prefix", tmp_path / "system"
    system.mkdir()
    python = interpreter.unpack(other, system)
    verify.install_from(folder, other.subdir, ["pandas"], prefix)
    done = run(verify.emulated(emulator, prefix, system), fix="See above.", timeout=300)
    assert done.split() == [other.machine, python.version]
