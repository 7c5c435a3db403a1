"""The plan made real: one folder per layer, byte for byte the same on every machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rattler import InstallerReporter

from conda_strata.core.errors import StrataError, UsageError
from conda_strata.image.contents import EPOCH, FOLDER, Entry, Link, linked
from conda_strata.image.layer_set import LayerSet


def write_layers(
    wanted: LayerSet,
    out: Path,
    slots: int,
    *,
    reporter: InstallerReporter | None = None,
) -> None:
    """Write the trees of the layers under *out*: ``out/00/opt/env/…``, ``out/01/opt/env/…``.

    A folder is made for each of the *slots*, so that a Dockerfile can name them all.

    Parameters
    ----------
    wanted
        What to make: all layers of one environment.
    out
        An empty or absent folder.
    slots
        Number of folders.
    reporter
        Called with each download and link.

    Raises
    ------
    UsageError
        When *out* holds something already.
    NetworkError
        When a package cannot be downloaded, or is not what the lock says.
    """
    if out.exists() and any(out.iterdir()):
        raise UsageError(f"{out} is not empty", "Name a new folder with --out.")
    inner = wanted.prefix.strip("/")
    with _whole(out), linked(wanted, reporter=reporter) as contents:
        for slot in range(slots):
            top = out / f"{slot:02}"
            top.mkdir(parents=True)
            for entry in contents.entries.get(slot, ()):
                _write(entry, top / inner / entry.path)
            _settle_folders(top, top / inner)


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


def _write(entry: Entry, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(entry.content, Link):
        path.symlink_to(entry.content.target)
        os.utime(path, (entry.time, entry.time), follow_symlinks=False)
        return
    if isinstance(entry.content, bytes):
        path.write_bytes(entry.content)
    else:
        shutil.copyfile(entry.content, path)
    path.chmod(entry.mode)
    os.utime(path, (entry.time, entry.time))


def _settle_folders(top: Path, environment: Path) -> None:
    """Give every folder its mode and time; from the deepest up, as writing in one changes it."""
    for name, _, _ in os.walk(top, topdown=False):
        folder = Path(name)
        folder.chmod(FOLDER if folder.is_relative_to(environment) else 0o755)
        os.utime(folder, (EPOCH, EPOCH))
