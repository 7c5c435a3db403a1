"""Install everything from a fresh channel, and run some of it where that is possible."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from packaging.requirements import Requirement
from rattler import Channel, Gateway, MatchSpec, Subdir, install, solve
from rattler.exceptions import SolverError
from rattler.networking import Client
from rattler.repo_data import RepoDataRecord
from rattler.virtual_package import VirtualPackage

from rig.channel import elf
from rig.channel.depends import conda_name
from rig.machine.commands import run
from rig.machine.errors import RigError
from rig.machine.platforms import Platform
from rig.machine.progress import note
from rig.machine.state import scratch

TOP = Path(__file__).with_name("requirements.in")
IMPORTS = (
    "import bz2, ctypes, lzma, readline, sqlite3, ssl, uuid, zlib; "
    "import dask, distributed, duckdb, jupyterlab, lightgbm, matplotlib, pandas, polars, "
    "pyarrow, seaborn, sklearn, statsmodels"
)

# Fewer, because an emulator takes its time.
EMULATED = (
    "import ctypes, platform, sqlite3, ssl, numpy, pandas; "
    "print(platform.machine(), platform.python_version())"
)
FIX = "The channel's packages are not right: this is a bug in the rig."


def top_packages() -> list[str]:
    """Return the conda names of the packages that the channel is asked for."""
    lines = TOP.read_text(encoding="utf-8").splitlines()
    return [conda_name(Requirement(line).name) for line in lines if line and line[0] != "#"]


def installs_and_runs(channel: Path, subdir: str) -> None:
    """Solve for all packages, install them in a temporary prefix, import and run the main ones.

    Raises
    ------
    RigError
        When something that was installed does not run.
    """
    with tempfile.TemporaryDirectory(dir=scratch()) as temporary:
        prefix = Path(temporary) / "prefix"
        install_from(channel, subdir, top_packages(), prefix)
        # Without the caller's environment, whose PYTHONPATH could hide a missing module.
        isolated = ["env", "-i", f"HOME={temporary}", f"PATH={prefix / 'bin'}:/usr/bin:/bin"]
        run([*isolated, "python", "-c", IMPORTS], fix=FIX)
        for script in ("jupyter", "jupyter-lab", "pytest", "ruff", "pre-commit", "dask", "pip"):
            run([*isolated, script, "--version"], fix=FIX)


def installs(channel: Path, platform: Platform, system: Path, lacking: bool = False) -> None:
    """Install all packages of another platform, and run some if there is an emulator here.

    Parameters
    ----------
    channel
        The channel's folder.
    platform
        The platform.
    system
        A file tree with the platform's C and C++ libraries, for the emulator.
    lacking
        Whether some projects have no package for this platform. What depends on them is named.

    Raises
    ------
    RigError
        When something cannot be installed, is for another machine, or does not run.
    """
    with tempfile.TemporaryDirectory(dir=scratch()) as temporary:
        prefix, names = Path(temporary) / "prefix", top_packages()
        if lacking:
            names = [name for name in names if _solvable(channel, platform.subdir, name, prefix)]
        install_from(channel, platform.subdir, names, prefix)
        # Extension modules only: among the data of a package may be binaries for any machine.
        for pattern in ("bin/python", "lib/*.so.*", "**/*.cpython-*.so", "**/*.abi3.so"):
            for binary in prefix.glob(pattern):
                if elf.is_elf(binary) and elf.machine(binary) != platform.machine:
                    wrong = binary.relative_to(prefix)
                    raise RigError(f"{wrong} is not for {platform.machine}. {FIX}")
        for name in (f"qemu-{platform.machine}-static", f"qemu-{platform.machine}"):
            if emulator := shutil.which(name):
                run(emulated(emulator, prefix, system), fix=FIX)
                break


def emulated(emulator: str, prefix: Path, system: Path) -> list[str]:
    """Return a command that imports packages from a prefix; it prints the machine and the Python.

    Parameters
    ----------
    emulator
        QEMU's program for the platform.
    prefix
        An environment.
    system
        A file tree with the platform's C and C++ libraries.
    """
    program = [str(prefix / "bin" / "python"), "-c", EMULATED]
    return ["env", "-i", f"HOME={prefix.parent}", emulator, "-L", str(system), *program]


def install_from(channel: Path, subdir: str, names: Sequence[str], prefix: Path) -> None:
    """Install packages, and Python, of any platform; what is unpacked goes beside the prefix."""

    async def work() -> None:
        await install(
            await _solve(channel, subdir, names, prefix),
            prefix,
            cache_dir=prefix.with_name("packages"),
            platform=Subdir(subdir),
            client=Client.default_client(),
            show_progress=False,
        )

    asyncio.run(work())


async def _solve(
    channel: Path, subdir: str, names: Sequence[str], prefix: Path
) -> list[RepoDataRecord]:
    records: list[RepoDataRecord] = await solve(
        [Channel(channel.as_uri())],
        [MatchSpec(name) for name in ("python", *names)],
        # Of its own, lest the index of a folder that is about to be renamed stays in a cache.
        gateway=Gateway(cache_dir=prefix.with_name("repodata")),
        platforms=[Subdir(subdir), Subdir("noarch")],
        virtual_packages=VirtualPackage.detect(),
    )
    return records


def _solvable(channel: Path, subdir: str, name: str, prefix: Path) -> bool:
    try:
        asyncio.run(_solve(channel, subdir, [name], prefix))
    except SolverError:
        note(f"{name} cannot be installed on {subdir}")
        return False
    return True
