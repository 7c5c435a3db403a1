"""The rig's channel, in which one package has a newer version: the same files, but for a line."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rattler.package_streaming import extract

from benchmarks._measure import served
from rig.channel import build as rig_channel
from rig.channel import package

CONDA_FORGE = "https://conda.anaconda.org/conda-forge"
SUBDIR = "linux-64"


@contextmanager
def channel(name: str) -> Iterator[tuple[int, Path]]:
    """Serve the channel with a newer *name*.

    Yields
    ------
    tuple
        Size of the new package in bytes, and the folder for ``XDG_CONFIG_HOME`` that makes rattler
        take that channel for conda-forge.
    """
    source, _ = rig_channel.ensure()
    (top,) = (folder for folder in source.iterdir() if folder.is_dir())
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(temporary) / "channel"
        shutil.copytree(top, copy, copy_function=os.link)
        made = _newer(next((copy / SUBDIR).glob(f"{name}-*.conda")), Path(temporary), copy / SUBDIR)
        for old in copy.glob("*/repodata*"):
            old.unlink()
        rig_channel.index(copy)
        with served(copy) as url:
            config = Path(temporary) / "config"
            (config / "rattler").mkdir(parents=True)
            text = f'[mirrors]\n"{CONDA_FORGE}" = ["{url}"]\n'
            (config / "rattler" / "config.toml").write_text(text, "utf-8")
            yield made.stat().st_size, config


def _newer(file: Path, temporary: Path, out: Path) -> Path:
    tree = temporary / "tree"
    extract(file, tree)
    index = json.loads((tree / "info" / "index.json").read_text("utf-8"))
    shutil.rmtree(tree / "info")
    changed = next(path for path in sorted(tree.rglob("*.py")) if path.stat().st_size)
    changed.write_bytes(changed.read_bytes() + b"\n# newer\n")
    return package.assemble(
        tree,
        name=index["name"],
        version=f"{index['version']}.1",
        flavour=index["build"].partition("h")[0],
        subdir=SUBDIR,
        depends=index["depends"],
        out=out,
    )
