"""A conda channel of real packages, made from PyPI's wheels and two Pythons.

Packages for this machine hold its own interpreter; those for the other platform hold Debian's, which
is there only for Debian's version of Python.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib.metadata
import json
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rattler.index import index_fs

from rig.channel import contents, download, interpreter, verify
from rig.channel.interpreter import Interpreter
from rig.channel.server import CHANNEL
from rig.channel.wheel import Wheel
from rig.machine import debian
from rig.machine.commands import need
from rig.machine.platforms import PLATFORMS, Platform, foreign, native
from rig.machine.progress import note, step
from rig.machine.state import atomic_folder, cache_dir, scratch

HERE = Path(__file__).parent
# Files whose change means other packages. The server and the rest do not matter.
INPUTS = (
    "requirements.in", "requirements.txt", "depends.py", "wheel.py", "package.py", "link_json.py",
    "zstd.py", "interpreter.py", "elf.py", "contents.py", "../machine/debian.py",
    "../machine/platforms.py", "download.py", "build.py",
)  # fmt: skip
KEEP = 2  # channels kept in the cache: the current one and the one before


def ensure() -> tuple[Path, Interpreter]:
    """Have the channel, and return the folder to serve and the interpreter it is made from.

    Raises
    ------
    RigError
        When it cannot be built, or what is installed from it does not run.
    """
    here, python = native(), interpreter.inspect()
    other = foreign() if python.short == debian.PYTHON and debian.available() else None
    folder = cache_dir() / f"channel-{_key(python, here, other)}"
    if not folder.exists():
        need("patchelf", "patchelf")
        if other is None:
            note(
                f"the channel is for {here.subdir} alone: the other platform's Python is Debian's,"
                f" which takes mmdebstrap, and Python {debian.PYTHON} here"
            )
        wheels = contents.read_all(download.wheels())
        with atomic_folder(folder) as temporary:
            _build(temporary / CHANNEL, wheels, python, here, other)
    # Unused ones go, the newest stay: another checkout may be using the one before.
    folder.touch()
    channels = sorted(
        (path for path in cache_dir().glob("channel-*") if path.is_dir()),
        key=lambda path: path.stat().st_mtime,
    )
    for old in channels[:-KEEP]:
        shutil.rmtree(old, ignore_errors=True)
    return folder, python


def subdirs(folder: Path) -> tuple[str, ...]:
    """Return the platforms, as conda calls them, that a folder made by `ensure` has packages for."""
    return tuple(one.subdir for one in PLATFORMS if (folder / CHANNEL / one.subdir).is_dir())


def index(channel: Path) -> None:
    """Write a channel's repodata, in which packages are as old as they say.

    The indexer takes now for the time of their upload, and to a project with a cool-down they would
    all be too new. It keeps the time that it finds in older repodata, so it runs twice.
    """
    asyncio.run(index_fs(channel, write_zst=False, write_shards=False))
    for file in channel.glob("*/repodata.json"):
        repodata = json.loads(file.read_text("utf-8"))
        for record in repodata["packages.conda"].values():
            record["indexed_timestamp"] = record["timestamp"]
        file.write_text(json.dumps(repodata), "utf-8")
    asyncio.run(index_fs(channel))


def _key(python: Interpreter, here: Platform, other: Platform | None) -> str:
    """Return the hash of everything that decides the packages' content."""
    digest = hashlib.sha256(f"{python}\0{here}\0{other}".encode())
    digest.update(importlib.metadata.version("py-rattler-build").encode())
    for name in INPUTS:
        digest.update((HERE / name).read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def _build(
    channel: Path, wheels: list[Wheel], python: Interpreter, here: Platform, other: Platform | None
) -> None:
    """Fill a channel folder, for one platform or both, and check it."""
    binary = {wheel.name for wheel in wheels if not wheel.pure}
    with (
        tempfile.TemporaryDirectory(dir=scratch()) as temporary,
        ThreadPoolExecutor(1) as aside,
    ):
        tree = Path(temporary)
        # Fetching is mostly waiting, packing mostly work.
        fetched = aside.submit(_fetch, other, binary, tree) if other else None
        with step(f"conda channel, {here.subdir}"):
            contents.fill(channel, here, python, wheels, shared=True)
        lacking = set[str]()
        if other and fetched:
            second, own = fetched.result()
            lacking = binary - {wheel.name for wheel in own}
            with step(f"conda channel, {other.subdir}"):
                both = contents.beside(wheels, own)
                contents.fill(channel, other, second, both, shared=False)
        index(channel)
        with step("conda channel check"):
            verify.installs_and_runs(channel, here.subdir)
            if other:
                verify.installs(channel, other, tree, lacking=bool(lacking))


def _fetch(other: Platform, projects: set[str], tree: Path) -> tuple[Interpreter, list[Wheel]]:
    """Return the other platform's Python, unpacked in `tree`, and its wheels of some projects."""
    python = interpreter.unpack(other, tree)
    return python, contents.read_all(download.foreign_wheels(other, python.short, projects))
