"""The plan made real: one folder per layer, byte for byte the same on every machine.

The environment is linked once, in the file system of the package cache, exactly as a native
prefix would be (so files that two packages own are settled the same way), and then shared out by
the package that owns each file. On the way everything that depends on the machine or the moment
is made regular: modes, times, and the records in ``conda-meta``.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterable
from operator import itemgetter
from pathlib import Path, PurePosixPath

from rattler import InstallerReporter, RepoDataRecord

from conda_strata import channels
from conda_strata.errors import UsageError
from conda_strata.install import install
from conda_strata.lock import identity
from conda_strata.plan import Layer

PREFIX = "/opt/env"

_EPOCH = 315532800
"""1980-01-01, the earliest time that a zip archive can hold: the time of every folder."""

_MACHINE_KEYS = ("extracted_package_dir", "package_tarball_full_path", "link", "requested_specs")
"""Keys of a ``conda-meta`` record that tell of the machine, the cache or the request."""


def write_layers(
    layers: Iterable[Layer],
    out: Path,
    subdir: str,
    slots: int,
    *,
    prefix: str = PREFIX,
    reporter: InstallerReporter | None = None,
) -> None:
    """Write the trees of *layers* under *out*: ``out/00/opt/env/…``, ``out/01/opt/env/…``.

    A folder is made for each of the *slots*, so that a Dockerfile can name them all. The
    environment is writable by its owner and group (0 in an image): a user of any id in that
    group can add packages to it, without a chown.

    Parameters
    ----------
    layers
        The plan, all layers of one environment.
    out
        An empty or absent folder.
    subdir
        The platform of the packages.
    slots
        Number of folders.
    prefix
        Where the environment will live in the image.
    reporter
        Told of each download and link.

    Raises
    ------
    UsageError
        When *out* holds something already, or *prefix* is no absolute path.
    NetworkError
        When a package cannot be downloaded, or is not what the lock says.
    """
    if not PurePosixPath(prefix).is_absolute():
        raise UsageError(f"--prefix is a path inside the image, such as {PREFIX}, not {prefix!r}")
    if out.exists() and any(out.iterdir()):
        raise UsageError(f"{out} is not empty", "Name a new folder with --out.")
    planned = list(layers)
    inner = prefix.strip("/")
    records = [record for layer in planned for record in layer.records]
    cache = channels.cache_dir()
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".layers-") as folder:
        linked = Path(folder) / "env"
        install(records, linked, subdir, home=prefix, reporter=reporter)
        for layer in planned:
            for record in layer.records:
                _copy_package(record, linked, out / layer.id / inner)
    history = out / "00" / inner / "conda-meta" / "history"
    history.parent.mkdir(parents=True, exist_ok=True)
    history.touch()
    _settle(history, 0o664, _EPOCH)
    for slot in range(slots):
        _settle_folders(out / f"{slot:02}", out / f"{slot:02}" / inner)


def _copy_package(record: RepoDataRecord, linked: Path, target: Path) -> None:
    meta = PurePosixPath("conda-meta", f"{identity(record)}.json")
    description = json.loads((linked / meta).read_text("utf-8"))
    built = int(record.timestamp.timestamp()) if record.timestamp else _EPOCH
    for key in _MACHINE_KEYS:
        description.pop(key, None)
    description["files"].sort()
    description["paths_data"]["paths"].sort(key=itemgetter("_path"))
    for name in description["files"]:
        _copy_file(linked / name, target / name, built)
    written = target / meta
    written.parent.mkdir(parents=True, exist_ok=True)
    written.write_text(json.dumps(description, indent=2, sort_keys=True) + "\n", "utf-8")
    _settle(written, 0o664, built)


def _copy_file(source: Path, target: Path, built: int) -> None:
    """Copy one file; times are the package's own, or its build's where linking made the file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    status = source.lstat()
    time = min(int(status.st_mtime), built)
    if stat.S_ISLNK(status.st_mode):
        target.symlink_to(source.readlink())
        os.utime(target, (time, time), follow_symlinks=False)
        return
    shutil.copyfile(source, target)
    _settle(target, 0o775 if status.st_mode & 0o111 else 0o664, time)


def _settle(path: Path, mode: int, time: int) -> None:
    path.chmod(mode)
    os.utime(path, (time, time))


def _settle_folders(top: Path, environment: Path) -> None:
    """Give every folder its mode and time; from the deepest up, as writing in one changes it."""
    top.mkdir(parents=True, exist_ok=True)
    for name, _, _ in os.walk(top, topdown=False):
        folder = Path(name)
        _settle(folder, 0o775 if folder.is_relative_to(environment) else 0o755, _EPOCH)
