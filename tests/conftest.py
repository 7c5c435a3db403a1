"""A conda channel of small hand-made packages, and a folder to be a user in."""

from __future__ import annotations

import asyncio
import datetime
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from rattler.index import index_fs

SUBDIR = "linux-64"
BUILT = datetime.datetime(2024, 1, 2, tzinfo=datetime.UTC)
PACKED = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
PYTHON = "3.11.5"


class HandMadeChannel:
    """A local channel that grows: packages are made from a dict of files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def url(self) -> str:
        return self.folder.as_uri()

    def add(
        self,
        name: str,
        version: str = "1.0",
        files: Mapping[str, str] | None = None,
        depends: Sequence[str] = (),
        *,
        entry_points: Sequence[str] | None = None,
        built: datetime.datetime = BUILT,
        subdir: str = SUBDIR,
        build: str = "h0",
        number: int = 0,
    ) -> None:
        """Add a package, noarch where it has entry points (even none).

        PREFIX in a file's text stands for the prefix that it is installed to.
        """
        noarch = entry_points is not None
        subdir = "noarch" if noarch else subdir
        texts = files or {f"share/{name}.txt": f"{name} {version}\n"}
        index = {
            "name": name,
            "version": version,
            "build": f"{build}_{number}",
            "build_number": number,
            "depends": list(depends),
            "subdir": subdir,
            "timestamp": int(built.timestamp() * 1000),
        }
        info: dict[str, object] = {
            "info/index.json": index | ({"noarch": "python"} if noarch else {}),
            "info/paths.json": {
                "paths_version": 1,
                "paths": [_path(path, text) for path, text in texts.items()],
            },
        }
        if noarch:
            points = {"type": "python", "entry_points": list(entry_points or ())}
            info["info/link.json"] = {"noarch": points, "package_metadata_version": 1}
        archive = self.folder / subdir / f"{name}-{version}-{build}_{number}.tar.bz2"
        archive.parent.mkdir(parents=True, exist_ok=True)
        with tarfile.open(archive, "w:bz2") as tar:
            for path, data in info.items():
                _put(tar, path, json.dumps(data))
            for path, text in texts.items():
                _put(tar, path, text)

    def index(self, *, compressed: bool = True) -> None:
        (self.folder / "noarch").mkdir(parents=True, exist_ok=True)
        asyncio.run(
            index_fs(self.folder, force=True, write_zst=compressed, write_shards=compressed)
        )


def _path(path: str, text: str) -> dict[str, object]:
    entry: dict[str, object] = {
        "_path": path,
        "path_type": "hardlink",
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "size_in_bytes": len(text),
    }
    return entry | (
        {"prefix_placeholder": "PREFIX", "file_mode": "text"} if "PREFIX" in text else {}
    )


def _put(tar: tarfile.TarFile, path: str, text: str) -> None:
    member = tarfile.TarInfo(path)
    member.size = len(text)
    member.mode = 0o755 if path.startswith("bin/") else 0o644
    member.mtime = int(PACKED.timestamp())
    tar.addfile(member, io.BytesIO(text.encode()))


@pytest.fixture(scope="session")
def channel(tmp_path_factory: pytest.TempPathFactory) -> HandMadeChannel:
    """A channel with a python, a small stack on it, two packages that collide and a tool."""
    channel = HandMadeChannel(tmp_path_factory.mktemp("channel"))
    python = {"bin/python3.11": "#!/bin/sh\necho python\n", "lib/python3.11/os.py": "name = 1\n"}
    channel.add("python", PYTHON, python)
    channel.add("numbers", "1.0", depends=["python"])
    channel.add("numbers", "2.0", depends=["python"])
    frames = {"site-packages/frames/__init__.py": "rows = 3\n\n\ndef main():\n    print(rows)\n"}
    points = ["count-frames = frames:main"]
    channel.add("frames", "1.0", frames, ["python", "numbers"], entry_points=points)
    paths = {
        "bin/where": "#!/bin/sh\necho PREFIX\n",
        "share/paths.txt": "prefix=PREFIX/share\n",
        "etc/conda/activate.d/paths.sh": "export PATHS_HOME=PREFIX/share\n",
    }
    channel.add("paths", "1.0", paths)
    channel.add("left", "1.0", {"share/shared.txt": "left\n", "share/left.txt": "l\n"})
    channel.add("right", "1.0", {"share/shared.txt": "right\n", "share/right.txt": "r\n"})
    channel.add("tool", "1.0", depends=["python"])
    channel.add("needs-old", "1.0", depends=["numbers <2"])
    r = {
        "bin/Rscript": "#!/bin/sh\necho R 4.4\n",
        "etc/conda/activate.d/activate-r-base.sh": "export R_HOME=PREFIX/lib/R\n",
    }
    channel.add("r-base", "4.4", r)
    channel.add("r-plots", "1.0", depends=["r-base >=4.4,<4.5.0a0"])
    channel.add("needs-cuda", "1.0", depends=["__cuda >=12"])
    channel.index()
    return channel


Strata = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, channel: HandMadeChannel) -> Path:
    """A project folder of its own, with caches and configuration of its own."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("RATTLER_CACHE_DIR", str(tmp_path / "cache"))
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "CONDA_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    write_environment(folder, channel, ["frames"])
    return folder


def write_environment(
    folder: Path, channel: HandMadeChannel, specs: Sequence[str], name: str = "environment.yml"
) -> Path:
    """Write an environment file that asks *channel* for *specs* on linux-64."""
    lines = [f"channels: [{channel.url}]", f"platforms: [{SUBDIR}]", "dependencies:"]
    file = folder / name
    file.write_text("\n".join([*lines, *(f"  - {spec}" for spec in specs)]) + "\n")
    return file


def git(folder: Path, *words: str) -> None:
    """Run git in *folder*, with an author that needs no configuration."""
    identity = {
        f"GIT_{who}_{what}": "someone@example.org"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    command = ["git", *words]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, env=os.environ | identity)


@pytest.fixture
def strata(project: Path) -> Strata:
    """The real command, run in the project's folder."""

    def run(*words: str, umask: int = 0o022, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "conda_strata", *words],
            cwd=project,
            env={**os.environ, **env},
            capture_output=True,
            text=True,
            check=False,
            umask=umask,
        )

    return run
