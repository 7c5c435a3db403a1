"""What is in the channel for one platform: python, libgomp, and a package for each wheel."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rig.channel import download, elf, interpreter, package
from rig.channel.depends import depends, locked_extras
from rig.channel.interpreter import Interpreter
from rig.channel.wheel import Wheel, collisions, read
from rig.machine.errors import RigError
from rig.machine.platforms import Platform
from rig.machine.progress import note
from rig.machine.state import scratch


def read_all(folder: Path) -> list[Wheel]:
    """Return the wheels in a folder by name."""
    return sorted((read(path) for path in folder.glob("*.whl")), key=lambda wheel: wheel.name)


def beside(shared: Iterable[Wheel], own: Iterable[Wheel]) -> list[Wheel]:
    """Return all wheels of a second platform.

    A project may have binaries for the first platform and a pure wheel for the second. As a
    `noarch` package that one would offer itself on both, so it counts as the second's own.
    """
    pure = [wheel for wheel in shared if wheel.pure]
    return sorted([*pure, *(replace(wheel, pure=False) for wheel in own)], key=lambda one: one.name)


def fill(
    channel: Path,
    platform: Platform,
    python: Interpreter,
    wheels: Sequence[Wheel],
    *,
    shared: bool,
) -> None:
    """Make the packages of one platform.

    Parameters
    ----------
    channel
        The channel's folder.
    platform
        The platform; its folder in the channel is made.
    python
        Its interpreter.
    wheels
        All its wheels, pure ones too.
    shared
        Whether to make the packages that all platforms share: those of pure wheels.
    """
    for name in (platform.subdir, *(["noarch"] if shared else [])):
        (channel / name).mkdir(parents=True)
    out = channel / platform.subdir
    _python_package(out, python, platform.subdir)
    _gomp_package(out, wheels, platform.subdir)
    extras: Mapping[str, set[str]] = locked_extras(download.LOCK.read_text(encoding="utf-8"))
    markers = {"platform_machine": platform.machine, "python_full_version": python.version}
    lost = collisions(wheels, python.short)
    for wheel in wheels:
        if wheel.pure and not shared:
            continue
        if paths := lost.get(wheel.name):
            note(f"{wheel.name} loses {len(paths)} paths that an earlier package has: {min(paths)}")
        package.from_wheel(
            wheel,
            depends(wheel.name, wheel.requires, extras.get(wheel.name, ()), markers),
            lost.get(wheel.name, frozenset()),
            python.short,
            platform.subdir,
            channel / ("noarch" if wheel.pure else platform.subdir),
        )


def _python_package(out: Path, python: Interpreter, subdir: str) -> None:
    with tempfile.TemporaryDirectory(dir=scratch()) as temporary:
        interpreter.stage(python, Path(temporary))
        origin = "the machine that made this channel" if python.libraries is None else "Debian"
        package.assemble(
            Path(temporary),
            name="python",
            version=python.version,
            flavour="",
            subdir=subdir,
            depends=[],
            out=out,
            summary=f"CPython, from {origin}",
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
