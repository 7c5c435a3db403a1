from __future__ import annotations

import platform
import shutil
import sys
from pathlib import Path

import pytest

from rig import RigError
from rig.channel import elf

BINARY = Path(sys.executable).resolve()


def test_a_binary_tells_its_machine(tmp_path: Path) -> None:
    assert elf.machine(BINARY) == platform.machine()
    short = tmp_path / "short"
    short.write_bytes(b"\x7fELF")
    assert elf.machine(short) == ""


@pytest.fixture
def libraries(tmp_path: Path) -> Path:
    """A folder with the libraries of a binary, in place of another machine's."""
    folder = tmp_path / "lib"
    folder.mkdir()
    for soname, path in elf.libraries(Path(shutil.which("tar") or "")).items():
        shutil.copyfile(path, folder / soname)
    return folder


@pytest.mark.skipif(shutil.which("patchelf") is None, reason="needs patchelf")
def test_libraries_are_found_in_a_folder_as_the_loader_finds_them(libraries: Path) -> None:
    binary = Path(shutil.which("tar") or "")
    found = elf.libraries(binary, libraries)
    assert found == {name: libraries / name for name in elf.libraries(binary)}
    assert found


@pytest.mark.skipif(shutil.which("patchelf") is None, reason="needs patchelf")
def test_a_library_that_is_not_in_the_folder_is_named(libraries: Path) -> None:
    for library in libraries.iterdir():
        library.unlink()
    with pytest.raises(RigError, match=r"tar needs lib\S+\.so"):
        elf.libraries(Path(shutil.which("tar") or ""), libraries)
