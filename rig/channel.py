"""A conda channel of real packages, made from PyPI's wheels and this machine's Python."""

from __future__ import annotations

import asyncio
import hashlib
import importlib.metadata
import platform
import shutil
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from rattler.index import index_fs

from rig import download, elf, interpreter, package, verify
from rig.commands import need
from rig.depends import depends, locked_extras
from rig.errors import RigError
from rig.interpreter import Interpreter
from rig.progress import note, step
from rig.server import CHANNEL
from rig.state import atomic_folder, cache_dir, scratch
from rig.wheel import Wheel, collisions, read

SUBDIRS = {"x86_64": "linux-64", "aarch64": "linux-aarch64"}
HERE = Path(__file__).parent
# Files whose change means other packages. The server and the rest do not matter.
INPUTS = (
    "requirements.in", "requirements.txt", "depends.py", "wheel.py", "package.py", "link_json.py",
    "zstd.py", "interpreter.py", "elf.py", "channel.py",
)  # fmt: skip
KEEP = 2  # channels kept in the cache: the current one and the one before


def ensure() -> tuple[Path, Interpreter]:
    """Have the channel, and return the folder to serve and the interpreter it is made from.

    Raises
    ------
    RigError
        When it cannot be built, or what is installed from it does not run.
    """
    subdir = SUBDIRS.get(platform.machine())
    if platform.system() != "Linux" or subdir is None:
        raise RigError("The rig's channel is made of Linux binaries (x86_64, aarch64): use Linux.")
    python = interpreter.inspect()
    folder = cache_dir() / f"channel-{_key(python)}"
    if not folder.exists():
        need("patchelf", "patchelf")
        wheels = download.wheels()
        with atomic_folder(folder) as temporary:
            with step("conda channel"):
                _build(temporary / CHANNEL, wheels, python, subdir)
            with step("conda channel check"):
                verify.installs_and_runs(temporary / CHANNEL, subdir)
    # Unused ones go, the newest stay: another checkout may be using the one before.
    folder.touch()
    channels = sorted(
        (path for path in cache_dir().glob("channel-*") if path.is_dir()),
        key=lambda path: path.stat().st_mtime,
    )
    for old in channels[:-KEEP]:
        shutil.rmtree(old, ignore_errors=True)
    return folder, python


def _key(python: Interpreter) -> str:
    """Return the hash of everything that decides the packages' content."""
    digest = hashlib.sha256(f"{python}\0{platform.machine()}".encode())
    digest.update(importlib.metadata.version("py-rattler-build").encode())
    for name in INPUTS:
        digest.update((HERE / name).read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def _build(channel: Path, wheels: Path, python: Interpreter, subdir: str) -> None:
    """Fill a channel folder: python, libgomp, one package for each wheel, the index."""
    for name in ("noarch", subdir):
        (channel / name).mkdir(parents=True)
    _python_package(channel / subdir, python, subdir)
    found = sorted((read(path) for path in wheels.glob("*.whl")), key=lambda wheel: wheel.name)
    _gomp_package(channel / subdir, found, subdir)
    _wheel_packages(channel, found, python.short, subdir)
    asyncio.run(index_fs(channel))


def _wheel_packages(channel: Path, wheels: Sequence[Wheel], python: str, subdir: str) -> None:
    extras: Mapping[str, set[str]] = locked_extras(download.LOCK.read_text(encoding="utf-8"))
    lost = collisions(wheels, python)
    for name, paths in lost.items():
        note(f"{name} loses {len(paths)} paths that an earlier package has: {min(paths)}")
    for wheel in wheels:
        package.from_wheel(
            wheel,
            depends(wheel.name, wheel.requires, extras.get(wheel.name, ())),
            lost.get(wheel.name, frozenset()),
            python,
            subdir,
            channel / ("noarch" if wheel.pure else subdir),
        )


def _python_package(out: Path, python: Interpreter, subdir: str) -> None:
    with tempfile.TemporaryDirectory(dir=scratch()) as temporary:
        interpreter.stage(python, Path(temporary))
        package.assemble(
            Path(temporary),
            name="python",
            version=python.version,
            flavour="",
            subdir=subdir,
            depends=[],
            out=out,
            summary="CPython, from the machine that made this channel",
        )


def _gomp_package(out: Path, wheels: Sequence[Wheel], subdir: str) -> None:
    """Make `libgomp` from the copy in scikit-learn's wheel, which is the same on every machine.

    Raises
    ------
    RigError
        When scikit-learn brings no copy any more.
    """
    wheel = next(wheel for wheel in wheels if wheel.name == "scikit-learn")
    with (
        zipfile.ZipFile(wheel.path) as archive,
        tempfile.TemporaryDirectory(dir=scratch()) as temporary,
    ):
        copies = [name for name in archive.namelist() if "/libgomp-" in name]
        if not copies:
            raise RigError("scikit-learn's wheel has no libgomp any more: take another's.")
        library = Path(temporary) / "lib" / package.GOMP
        library.parent.mkdir()
        library.write_bytes(archive.read(copies[0]))
        library.chmod(0o755)
        elf.set_soname(library, package.GOMP)
        package.assemble(
            Path(temporary),
            name="libgomp",
            version=wheel.version,
            flavour="",
            subdir=subdir,
            depends=[],
            out=out,
            summary="GCC's OpenMP runtime, from scikit-learn's wheel (whose version it has)",
        )
