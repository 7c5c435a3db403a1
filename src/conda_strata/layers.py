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
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path, PurePosixPath

from rattler import InstallerReporter, RepoDataRecord

from conda_strata import channels
from conda_strata.errors import StrataError, UsageError
from conda_strata.install import install
from conda_strata.lock import identity
from conda_strata.plan import Layer
from conda_strata.variables import files as environment_variables
from conda_strata.wheel_tags import Target
from conda_strata.wheels import link_wheels, site_packages

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
    variables: Mapping[int, Mapping[str, str]] | None = None,
    target: Target | None = None,
    reporter: InstallerReporter | None = None,
    on_notice: Callable[[str], None] = lambda _text: None,
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
    variables
        Slot to the variables that the environment has from that layer on.
    target
        What wheels have to fit; needed where there are any.
    reporter
        Told of each download and link.
    on_notice
        Told of waits and of further tries.

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
    with _whole(out), tempfile.TemporaryDirectory(dir=cache, prefix=".layers-") as folder:
        linked = Path(folder) / "env"
        install(records, linked, subdir, home=prefix, reporter=reporter, on_notice=on_notice)
        for layer in planned:
            for record in layer.records:
                _copy_package(record, linked, out / layer.id / inner)
            if layer.wheels and target:
                tree = Path(folder) / f"wheels-{layer.id}"
                link_wheels(layer.wheels, tree, target, site_packages(records), prefix)
                _copy_tree(tree, out / layer.id / inner)
        _write(out / "00" / inner / "conda-meta" / "history", "")
        for slot, named in (variables or {}).items():
            for path, text in environment_variables(named).items():
                _write(out / f"{slot:02}" / inner / path, text)
        for slot in range(slots):
            _settle_folders(out / f"{slot:02}", out / f"{slot:02}" / inner)


@contextmanager
def _whole(out: Path) -> Iterator[None]:
    """Leave nothing in *out* where not all could be written, so that it can be used again."""
    try:
        yield
    except BaseException as error:
        for slot in out.glob("*"):
            shutil.rmtree(slot, ignore_errors=True)
        if isinstance(error, OSError):
            raise StrataError(
                f"{error.filename2 or error.filename or out} cannot be written: {error.strerror}",
                "Make room or get the right to write there, then repeat.",
            ) from error
        raise


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
    _write(target / meta, json.dumps(description, indent=2, sort_keys=True) + "\n", built)


def _copy_tree(tree: Path, target: Path) -> None:
    for file in tree.rglob("*"):
        if file.is_symlink() or not file.is_dir():
            _copy_file(file, target / file.relative_to(tree), _EPOCH)


def _write(path: Path, text: str, time: int = _EPOCH) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    _settle(path, 0o664, time)


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
