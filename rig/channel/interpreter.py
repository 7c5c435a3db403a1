"""The channel's `python` package, made from an interpreter of this machine or from Debian's."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from rig.channel import elf
from rig.machine import debian
from rig.machine.commands import run
from rig.machine.errors import RigError
from rig.machine.platforms import Platform

# What a conda environment has no use for, or gets from elsewhere.
LEFT_OUT = (
    "__pycache__", "site-packages", "dist-packages", "EXTERNALLY-MANAGED", "sitecustomize.py",
    "test", "tests", "idlelib", "tkinter", "turtledemo", "turtle.py", "config-*", "*.a",
    "_tkinter.*", "_test*.so", "xxlimited*.so", "_dbm.*", "_gdbm.*",
)  # fmt: skip

PROBE = """
import json, os, sys, sysconfig
print(json.dumps({
    "version": "%d.%d.%d" % sys.version_info[:3],
    "short": "%d.%d" % sys.version_info[:2],
    "plain": sys.implementation.name == "cpython" and not getattr(sys, "abiflags", ""),
    "binary": os.path.realpath(getattr(sys, "_base_executable", sys.executable)),
    "stdlib": sysconfig.get_path("stdlib"),
}))
"""

# Debian installs and looks for modules in dist-packages. What is installed goes by sysconfig, which
# is fixed in place; what is found goes by site, which is frozen into the binary.
DEBIAN_SCHEME = (r"(?m)^    if sys\.base_prefix != sys\.prefix or .*$", "    if True:")
DEBIAN_SITE = """\
\"\"\"Find packages where conda puts them: Debian's frozen site module looks elsewhere.\"\"\"
import os
import site
import sys


def getsitepackages(prefixes=None):
    folder = os.path.join("lib", "python%d.%d" % sys.version_info[:2], "site-packages")
    return [os.path.join(prefix, folder) for prefix in dict.fromkeys(prefixes or site.PREFIXES)]


site.getsitepackages = getsitepackages
for folder in getsitepackages():
    if folder not in sys.path and os.path.isdir(folder):
        site.addsitedir(folder)
"""


@dataclass(frozen=True)
class Interpreter:
    """A CPython. `short` is "3.11" where `version` is "3.11.7".

    `libraries` is the folder that its libraries are in, None when this machine's linker finds them.
    """

    version: str
    short: str
    binary: Path
    stdlib: Path
    libraries: Path | None = None


def inspect(executable: str = sys.executable) -> Interpreter:
    """Ask an interpreter, or the one behind a virtual environment, what it is.

    Raises
    ------
    RigError
        When it is no ordinary CPython.
    """
    found = json.loads(run([executable, "-I", "-c", PROBE], fix="Give a working Python."))
    if not found["plain"]:
        raise RigError(f"{executable} is no ordinary CPython. Run the rig with one.")
    return Interpreter(
        version=found["version"],
        short=found["short"],
        binary=Path(found["binary"]),
        stdlib=Path(found["stdlib"]),
    )


def unpack(platform: Platform, tree: Path) -> Interpreter:
    """Unpack Debian's Python for another platform into `tree`, and return it.

    Raises
    ------
    RigError
        When its packages cannot be had, or are not as expected.
    """
    archive = debian.python(platform)
    # Without the devices, which only root may make.
    run(
        ["tar", "-C", str(tree), "--exclude=./dev", "--no-same-owner", "-xf", str(archive)],
        fix=f"Delete {archive} and try again.",
    )
    name = f"python{debian.PYTHON}"
    # Its own --version would have to run; the Debian version starts with the same three numbers.
    changes = tree / "usr" / "share" / "doc" / f"{name}-minimal" / "changelog.Debian.gz"
    with gzip.open(changes, "rt", encoding="utf-8") as handle:
        found = re.match(rf"{name} \(({debian.PYTHON}\.\d+)", handle.readline())
    if found is None:
        raise RigError(f"Debian's {name} does not say its version: this is a bug in the rig.")
    return Interpreter(
        version=found[1],
        short=debian.PYTHON,
        binary=tree / "usr" / "bin" / name,
        stdlib=tree / "usr" / "lib" / name,
        libraries=tree / "usr" / "lib" / f"{platform.machine}-linux-gnu",
    )


def stage(interpreter: Interpreter, tree: Path) -> None:
    """Lay out an interpreter in `tree` so that it runs from any folder of a minimal system.

    Raises
    ------
    RigError
        When a library cannot be copied or pointed at its neighbours.
    """
    name = f"python{interpreter.short}"
    binary = tree / "bin" / name
    binary.parent.mkdir(parents=True)
    shutil.copyfile(interpreter.binary, binary)
    binary.chmod(0o755)
    for alias in ("python", "python3"):
        (tree / "bin" / alias).symlink_to(name)
    stdlib = tree / "lib" / name
    # Links are followed: Debian has some into /etc.
    shutil.copytree(interpreter.stdlib, stdlib, ignore=shutil.ignore_patterns(*LEFT_OUT))
    if (interpreter.stdlib / "_distutils_system_mod.py").exists():
        _undo_debian(stdlib)
    _normalise_modes(stdlib)
    _bundle_libraries(interpreter, tree)


def _undo_debian(stdlib: Path) -> None:
    (stdlib / "_distutils_system_mod.py").unlink()
    (stdlib / "sitecustomize.py").write_text(DEBIAN_SITE, encoding="utf-8")
    path = stdlib / "sysconfig.py"
    text, count = re.subn(*DEBIAN_SCHEME, path.read_text(encoding="utf-8"))
    if count != 1:
        raise RigError("This Debian Python's sysconfig is not as expected: use another Python.")
    path.write_text(text, encoding="utf-8")


def _normalise_modes(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            path.chmod(0o755 if path.suffix == ".so" else 0o644)


def _bundle_libraries(interpreter: Interpreter, tree: Path) -> None:
    """Copy the libraries that the interpreter needs, and make everything find them there."""
    lib = tree / "lib"
    extensions = sorted((lib / f"python{interpreter.short}" / "lib-dynload").glob("*.so"))
    found: dict[str, Path] = {}
    # Asked of the originals, which find their libraries where they are now.
    for original in [
        interpreter.binary,
        *(interpreter.stdlib / "lib-dynload" / extension.name for extension in extensions),
    ]:
        found.update(elf.libraries(original, interpreter.libraries))
    for soname, source in sorted(found.items()):
        copy = lib / soname
        shutil.copyfile(source.resolve(), copy)
        copy.chmod(0o755)
        elf.set_search_path(copy, "$ORIGIN")
    elf.set_search_path(tree / "bin" / f"python{interpreter.short}", "$ORIGIN/../lib")
    for extension in extensions:
        if any((lib / soname).exists() for soname in elf.needed(extension)):
            elf.set_search_path(extension, "$ORIGIN/../..")
