"""Lock files to read: made from a few words, or those of a real project."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

if sys.version_info >= (3, 14):
    import tarfile
else:
    from backports.zstd import tarfile

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
CHANNEL = "https://conda.anaconda.org/conda-forge/"


@dataclass
class Conda:
    """A conda package, written ``name-version-build``."""

    identity: str
    depends: Sequence[str] = ()
    channel: str = CHANNEL
    subdir: str = "noarch"
    md5: str | None = None
    sha256: str | None = None

    @property
    def url(self) -> str:
        return f"{self.channel}{self.subdir}/{self.identity}.conda"

    def entry(self) -> dict[str, object]:
        md5 = hashlib.md5(self.identity.encode(), usedforsecurity=False).hexdigest()
        sha256 = hashlib.sha256(self.identity.encode()).hexdigest()
        hashes = {"md5": self.md5 or md5, "sha256": self.sha256 or sha256}
        return {
            "conda": self.url,
            **{name: value for name, value in hashes.items() if value != "none"},
            "depends": list(self.depends),
        }


@dataclass
class Pip:
    """A wheel, written ``name-version``."""

    identity: str
    tags: str = "py3-none-any"
    requires: Sequence[str] = ()
    host: str = "https://files.pythonhosted.org/"
    extra: dict[str, object] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"{self.host}{self.identity}-{self.tags}.whl"

    def entry(self) -> dict[str, object]:
        name, version = self.identity.split("-")
        found: dict[str, object] = {
            "pypi": self.url,
            "name": name,
            "version": version,
            "sha256": hashlib.sha256(self.url.encode()).hexdigest(),
        }
        return (
            found | ({"requires_dist": list(self.requires)} if self.requires else {}) | self.extra
        )


Packages = Sequence[str | Conda | Pip]


def write_lock(
    path: Path,
    environments: Mapping[str, Mapping[str, Packages]],
    channels: Sequence[str] = (CHANNEL,),
) -> str:
    """Write a lock (format 6) of environment to subdir to packages; return its name."""
    made = {
        name: {
            subdir: [Conda(p) if isinstance(p, str) else p for p in packages]
            for subdir, packages in solution.items()
        }
        for name, solution in environments.items()
    }
    entries = {p.url: p for by in made.values() for packages in by.values() for p in packages}
    text = {
        "version": 6,
        "environments": {
            name: {
                "channels": [{"url": url} for url in channels],
                "indexes": ["https://pypi.org/simple"],
                "packages": {
                    subdir: [{"conda" if isinstance(p, Conda) else "pypi": p.url} for p in packages]
                    for subdir, packages in solution.items()
                },
            }
            for name, solution in made.items()
        },
        "packages": [entry.entry() for entry in entries.values()],
    }
    path.write_text(yaml.safe_dump(text, sort_keys=False), "utf-8")
    return path.name


@pytest.fixture(scope="session")
def real_locks(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The successive locks of PyPSA-Eur, oldest first."""
    archive = DATA / "pypsa-eur-locks.tar.zst"
    if not archive.exists():
        pytest.skip(f"needs {archive}, which is not part of the repository")
    folder = tmp_path_factory.mktemp("locks")
    with tarfile.open(archive, "r:zst") as opened:
        opened.extractall(folder, filter="data")
    return sorted(folder.rglob("*.lock"))
