"""A real project to lock: PyPSA-Eur's environment, and the part of conda-forge that it needs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import _measure

if sys.version_info >= (3, 14):
    import tarfile
else:
    from backports.zstd import tarfile

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
CHANNELS = ("conda-forge", "bioconda", "gurobi")
PLATFORMS = ("linux-64", "osx-64", "osx-arm64", "win-64")


def missing() -> bool:
    """Whether the data is not there, which is said."""
    absent = not (DATA / "conda-forge-slice.tar.zst").exists()
    if absent:
        print(f"skipped: this needs the repodata in {DATA}, which is not part of the repository")
    return absent


@contextmanager
def project(folder: Path) -> Iterator[Path]:
    """Yield a project to lock, in *folder*; its channels are served while the context lasts."""
    channels = folder / "channels"
    _measure.apart(unpack, DATA / "conda-forge-slice.tar.zst", channels)
    root = folder / "project"
    root.mkdir()
    text = (DATA / "pypsa-eur-environment.yml").read_text("utf-8")
    (root / "environment.yml").write_text(f"{text}\nplatforms: [{', '.join(PLATFORMS)}]\n", "utf-8")
    with _measure.served(channels) as url:
        mirrors = {f"https://conda.anaconda.org/{name}": f"{url}/{name}" for name in CHANNELS}
        _measure.live_in(folder / "home", mirrors)
        yield root


def unpack(file: Path, folder: Path) -> None:
    """Unpack an archive of the data."""
    with tarfile.open(file, "r:zst") as archive:
        archive.extractall(folder, filter="data")
