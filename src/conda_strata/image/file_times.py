"""The times that a layer gives the files of a package."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from pathlib import Path

_SITE_PACKAGES = re.compile(r"^(?:lib/python[^/]+|Lib)/site-packages/")

_PYC = struct.Struct("<4xIII")
"""Head of a compiled module: flags, time and size of its source."""


def of_compiled(package: Path, names: Sequence[str]) -> dict[str, int]:
    """Return the times of modules that their compiled forms name (PEP 552, :mod:`py_compile`).

    The times in an archive may be rounded, or all the same. Python would then compile each module
    again, in every new container.
    """
    found: dict[str, int] = {}
    for name in names:
        folder, cached, base = name.rpartition("/__pycache__/")
        source = f"{folder}/{base.rsplit('.', 2)[0]}.py"
        if not (cached and base.endswith(".pyc") and _is_file(package / source)):
            continue
        header = _header(package / name)
        if len(header) == _PYC.size:
            flags, modified, size = _PYC.unpack(header)
            if not flags and size == (package / source).stat().st_size:
                found.setdefault(source, modified)
    return found


def of_packaged(package: Path, name: str, built: int) -> int:
    """Return the time that the package gives a file.

    A noarch package has its modules in ``site-packages``, a folder of its own. What only
    linking makes, such as an entry point or a symbolic link, has the time of the build.
    """
    for path in (name, _SITE_PACKAGES.sub("site-packages/", name)):
        file = package / path
        if _is_file(file):
            return int(file.stat().st_mtime)
    return built


def _header(compiled: Path) -> bytes:
    if not _is_file(compiled):
        return b""
    with compiled.open("rb") as opened:
        return opened.read(_PYC.size)


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()
