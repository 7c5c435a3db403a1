"""Shared libraries: what a binary needs, and where it looks for it."""

from __future__ import annotations

import re
from pathlib import Path

from rig.machine.commands import need, run
from rig.machine.errors import RigError

# What every Linux with glibc has, and what must come from the same place as its loader.
GLIBC = frozenset(
    {
        *("ld-linux-x86-64", "ld-linux-aarch64", "libc", "libm", "libdl", "libpthread", "librt"),
        *("libutil", "libresolv", "libanl", "libBrokenLocale", "libthread_db", "linux-vdso"),
    }
)

# The field e_machine of the ELF header.
MACHINES = {62: "x86_64", 183: "aarch64"}


def is_elf(path: Path) -> bool:
    """Tell whether a file is a native binary or library."""
    with path.open("rb") as handle:
        return handle.read(4) == b"\x7fELF"


def machine(binary: Path) -> str:
    """Return the kind of machine that a binary is for, as the kernel calls it, "" if unknown."""
    with binary.open("rb") as handle:
        header = handle.read(20)
    return MACHINES.get(int.from_bytes(header[18:20], "little"), "")


def libraries(binary: Path, folder: Path | None = None) -> dict[str, Path]:
    """Return the libraries a binary loads, by soname, without glibc's own.

    Parameters
    ----------
    binary
        A program or a library.
    folder
        Where its libraries are, for one that this machine cannot load; None to ask the loader.

    Raises
    ------
    RigError
        When the loader cannot read the binary, or the folder lacks a library.
    """
    if folder is not None:
        return _libraries_in(folder, binary)
    found: dict[str, Path] = {}
    output = run(["ldd", str(binary)], fix="The rig needs a Linux with glibc.")
    for soname, path in re.findall(r"^\s*(\S+) => (/\S+) \(", output, re.MULTILINE):
        if soname.split(".so")[0] not in GLIBC:
            found[soname] = Path(path)
    return found


def _libraries_in(folder: Path, binary: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    pending = [binary]
    while pending:
        for soname in needed(pending.pop()):
            if soname in found or soname.split(".so")[0] in GLIBC:
                continue
            found[soname] = folder / soname
            if not found[soname].exists():
                raise RigError(f"{binary.name} needs {soname}, which is not in {folder}.")
            pending.append(found[soname])
    return found


def needed(binary: Path) -> list[str]:
    """Return the sonames a binary asks for itself."""
    return _patchelf("--print-needed", str(binary)).split()


def set_search_path(binary: Path, rpath: str) -> None:
    """Make a binary look for its libraries in `rpath` first."""
    _patchelf("--set-rpath", rpath, str(binary))


def add_search_path(binary: Path, rpath: str) -> None:
    """Make a binary look in `rpath` after the folders it looks in already."""
    present = _patchelf("--print-rpath", str(binary)).strip()
    set_search_path(binary, f"{present}:{rpath}" if present else rpath)


def set_soname(library: Path, soname: str) -> None:
    """Give a library the name that others ask for."""
    _patchelf("--set-soname", soname, str(library))


def _patchelf(*arguments: str) -> str:
    return run(
        [need("patchelf", "patchelf"), *arguments],
        fix="The binary may be of a kind that patchelf cannot change.",
    )
