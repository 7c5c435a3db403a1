"""What a layer holds: the files of its packages, with all that tells of a machine made regular.

The packages are linked in the file system of the package cache, exactly as in a native prefix (so
files that two packages own are settled the same way), and then shared out by the package that owns
each file. Modes, times and the records in ``conda-meta`` become the same on every machine.

An environment that extends another is linked apart from it, so that the layers of the one below
are the same with and without it.
"""

from __future__ import annotations

import json
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from operator import attrgetter, itemgetter
from pathlib import Path, PurePosixPath

from rattler import InstallerReporter, RepoDataRecord

from conda_strata.core.log import logger
from conda_strata.image import collisions, file_times
from conda_strata.image.layer_set import LayerSet
from conda_strata.image.slim import left_out
from conda_strata.lock.model import identity
from conda_strata.prefix import shared_files
from conda_strata.prefix.install import install
from conda_strata.prefix.wheels import link_wheels, site_packages
from conda_strata.rattler import channels

_log = logger(__name__)

EPOCH = 315532800
"""1980-01-01, the earliest time that a zip archive can hold: the time of every folder."""

FILE, PROGRAM, FOLDER = 0o664, 0o775, 0o775
"""Modes. The environment is writable by its group (0 in an image): a user of any id in that group
can add packages to it, without a chown."""

_TRIES = 20
"""To remove a folder, a tenth of a second apart."""

_MACHINE_KEYS = ("extracted_package_dir", "package_tarball_full_path", "link", "requested_specs")
"""Keys of a ``conda-meta`` record that tell of the machine, the cache or the wanted."""


@dataclass(frozen=True)
class Link:
    """What a symbolic link points to."""

    target: str


@dataclass(frozen=True)
class Entry:
    """A file or symbolic link of a layer.

    Attributes
    ----------
    path
        Relative to the environment's prefix.
    content
        The file to copy, the bytes to write, or where the link points to.
    mode
        Permission bits.
    time
        Of last modification, in seconds since 1970: of a module that is compiled, what the compiled
        form names; else the package's own, or that of its build where linking made the file.
    """

    path: str
    content: Path | bytes | Link
    mode: int = FILE
    time: int = EPOCH


@dataclass(frozen=True)
class Contents:
    """What layers hold.

    Attributes
    ----------
    entries
        Slot to its entries, sorted by path.
    tied
        Slot to the slots, itself included, that moved a package to where another has its file.
    """

    entries: Mapping[int, Sequence[Entry]]
    tied: Mapping[int, frozenset[int]]


@contextmanager
def linked(
    wanted: LayerSet,
    *,
    reporter: InstallerReporter | None = None,
) -> Iterator[Contents]:
    """Link the layers of *wanted* and yield what each holds.

    Packages that own the same file are in the same slot. The files that entries name are gone
    when the context is left.

    Raises
    ------
    NetworkError
        When a package cannot be downloaded, or is not what the lock says.
    """
    cache = channels.cache_dir()
    cache.mkdir(parents=True, exist_ok=True)
    with _scratch(cache) as folder:
        tied: dict[int, frozenset[int]] = {}
        found = {layer.slot: _texts(wanted.files.get(layer.slot, {})) for layer in wanted.layers}
        for part in wanted.parts():
            names = {record.name.normalized for layer in part for record in layer.records}
            prefix = folder / f"env-{part[0].id}"
            if names:
                install(
                    wanted.records,
                    prefix,
                    wanted.subdir,
                    only=names,
                    home=wanted.prefix,
                    reporter=reporter,
                )
            for shared in shared_files.find(prefix):
                _log.warning("%s", shared)
            settled = collisions.together(part, prefix)
            tied |= collisions.tied(part, settled)
            for layer in settled:
                entries = found[layer.slot]
                for record in layer.records:
                    entries += _package(record, prefix)
                if layer.wheels and wanted.target:
                    tree = folder / f"wheels-{layer.id}"
                    place = site_packages(wanted.records)
                    link_wheels(layer.wheels, tree, wanted.target, place, wanted.prefix)
                    entries += _tree(tree)
        entries_of = {
            slot: sorted(
                (entry for entry in found[slot] if not (wanted.slim and left_out(entry.path))),
                key=attrgetter("path"),
            )
            for slot in sorted(found)
        }
        yield Contents(entries_of, tied)


@contextmanager
def _scratch(cache: Path) -> Iterator[Path]:
    """Yield a folder beside the package cache, so that files can be linked, and remove it.

    rattler goes on writing for a moment after a failure.
    """
    folder = Path(tempfile.mkdtemp(dir=cache, prefix=".layers-"))
    try:
        yield folder
    finally:
        for _ in range(_TRIES):
            shutil.rmtree(folder, ignore_errors=True)
            if not folder.exists():
                break
            time.sleep(0.1)


def _package(record: RepoDataRecord, prefix: Path) -> Iterator[Entry]:
    meta = f"conda-meta/{identity(record)}.json"
    description = json.loads((prefix / meta).read_text("utf-8"))
    built = int(record.timestamp.timestamp()) if record.timestamp else EPOCH
    package = Path(description["extracted_package_dir"])
    for key in _MACHINE_KEYS:
        description.pop(key, None)
    description["files"].sort()
    description["paths_data"]["paths"].sort(key=itemgetter("_path"))
    compiled = file_times.of_compiled(package, description["files"])
    for name in description["files"]:
        modified = compiled.get(name) or file_times.of_packaged(package, name, built)
        yield _file(name, prefix / name, modified)
    text = json.dumps(description, indent=2, sort_keys=True) + "\n"
    yield Entry(meta, text.encode(), time=built)


def _tree(tree: Path) -> Iterator[Entry]:
    for file in tree.rglob("*"):
        if file.is_symlink() or not file.is_dir():
            yield _file(file.relative_to(tree).as_posix(), file, EPOCH)


def _texts(files: Mapping[PurePosixPath, str]) -> list[Entry]:
    return [Entry(path.as_posix(), text.encode()) for path, text in files.items()]


def _file(path: str, source: Path, modified: int) -> Entry:
    mode = source.lstat().st_mode
    if stat.S_ISLNK(mode):
        return Entry(path, Link(str(source.readlink())), 0o777, modified)
    return Entry(path, source, PROGRAM if mode & 0o111 else FILE, modified)
