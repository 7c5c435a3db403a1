"""Install everything from a fresh channel, and run some of it."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from packaging.requirements import Requirement
from rattler import Channel, Gateway, MatchSpec, Subdir, install, solve
from rattler.networking import Client
from rattler.repo_data import RepoDataRecord
from rattler.virtual_package import VirtualPackage

from rig.commands import run
from rig.depends import conda_name
from rig.state import scratch

TOP = Path(__file__).with_name("requirements.in")
IMPORTS = (
    "import bz2, ctypes, lzma, readline, sqlite3, ssl, uuid, zlib; "
    "import dask, distributed, duckdb, jupyterlab, lightgbm, matplotlib, pandas, polars, "
    "pyarrow, seaborn, sklearn, statsmodels"
)


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
    mend = "The channel's packages are not right: this is a bug in the rig."
    with tempfile.TemporaryDirectory(dir=scratch()) as temporary:
        prefix = Path(temporary) / "prefix"
        asyncio.run(_install(channel, subdir, prefix, Path(temporary) / "packages"))
        # Without the caller's environment, whose PYTHONPATH could hide a missing module.
        isolated = ["env", "-i", f"HOME={temporary}", f"PATH={prefix / 'bin'}:/usr/bin:/bin"]
        run([*isolated, "python", "-c", IMPORTS], mend=mend)
        for script in ("jupyter", "jupyter-lab", "pytest", "ruff", "pre-commit", "dask", "pip"):
            run([*isolated, script, "--version"], mend=mend)


async def _install(channel: Path, subdir: str, prefix: Path, packages: Path) -> None:
    records: list[RepoDataRecord] = await solve(
        [Channel(channel.as_uri())],
        [MatchSpec(name) for name in ("python", *top_packages())],
        # Of its own, lest the index of a folder that is about to be renamed stays in a cache.
        gateway=Gateway(cache_dir=packages / "repodata"),
        platforms=[Subdir(subdir), Subdir("noarch")],
        virtual_packages=VirtualPackage.detect(),
    )
    await install(
        records,
        prefix,
        cache_dir=packages,
        platform=Subdir(subdir),
        client=Client.default_client(),
        show_progress=False,
    )
