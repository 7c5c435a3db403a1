"""A wheel's files in their places, by the library installer: the same bytes on every machine."""

from __future__ import annotations

import io
import json
import os
import shlex
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from installer import install
from installer.destinations import SchemeDictionaryDestination
from installer.exceptions import InstallerError
from installer.records import InvalidRecordEntry, RecordEntry
from installer.sources import WheelContentElement, WheelFile
from installer.utils import Scheme
from packaging.tags import Tag

from conda_strata.core.errors import StrataError
from conda_strata.prefix.wheel_gate import WheelError, faults
from conda_strata.pypi.wheel import Wheel

_OWN = {"INSTALLER", "REQUESTED", "direct_url.json", "RECORD.jws", "RECORD.p7s"}
"""Metadata that only an installer writes."""

_LONGEST_SHEBANG = 127


@dataclass(frozen=True)
class Layout:
    """Where the parts of wheels go.

    Attributes
    ----------
    tree
        The folder to write below.
    folder
        That of Python packages, relative to the prefix.
    home
        The prefix as it will be called when the environment is used.
    windows
        Whether it is one for Windows.
    fitting
        The tags of wheels that fit.
    """

    tree: Path
    folder: str
    home: str
    windows: bool
    fitting: Collection[Tag]

    def lay_out(
        self,
        wheels: Sequence[Wheel],
        files: Sequence[Path],
        before_writing: Callable[[], None] = lambda: None,
    ) -> None:
        """Write *wheels*, of which *files* are the archives; all of them are looked into first.

        *before_writing* is called in between.

        Raises
        ------
        WheelError
            When one is no wheel, or would write what it shall not.
        StrataError
            When the disk cannot be written.
        """
        for wheel, file in zip(wheels, files, strict=True):
            with self._opened(wheel, file) as (source, archive):
                items, size = archive.infolist(), file.stat().st_size
                for fault in faults(source, items, size, wheel, self.folder, self.fitting):
                    raise WheelError(wheel, *fault)
        before_writing()
        for wheel, file in zip(wheels, files, strict=True):
            with self._opened(wheel, file) as (source, _):
                install(source, self._destination(wheel), _metadata(wheel))

    @contextmanager
    def _opened(self, wheel: Wheel, file: Path) -> Iterator[tuple[_Source, zipfile.ZipFile]]:
        try:
            with zipfile.ZipFile(file) as archive:
                yield _Source(archive), archive
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            InstallerError,
            InvalidRecordEntry,
            NotImplementedError,
            ValueError,
        ) as error:
            raise WheelError(wheel, file.name, f"it is no wheel ({error})") from error
        except OSError as error:
            raise StrataError(
                f"{self.tree} cannot be written: {error.filename}: {error.strerror or error}",
                "Make room there, or make it writable for you; then repeat.",
            ) from error

    def _destination(self, wheel: Wheel) -> _Destination:
        packages = str(self.tree / self.folder)
        python = Path(self.folder).parent.name
        headers = self.tree / ("Include" if self.windows else f"include/{python}") / wheel.name
        places = {
            "purelib": packages,
            "platlib": packages,
            "headers": str(headers),
            "scripts": str(self.tree / ("Scripts" if self.windows else "bin")),
            "data": str(self.tree),
        }
        interpreter = f"{self.home}\\python.exe" if self.windows else f"{self.home}/bin/python"
        kind: Literal["win-amd64", "posix"] = "win-amd64" if self.windows else "posix"
        made = _Destination(places, interpreter, kind, overwrite_existing=True)
        made.tree, made.wheel = self.tree, wheel
        return made


class _Source(WheelFile):
    """A wheel whose parts are named as its own metadata folder is, as pip and uv read it."""

    @property
    def data_dir(self) -> str:
        return f"{self.dist_info_dir.removesuffix('.dist-info')}.data"

    def get_contents(self) -> Iterator[WheelContentElement]:
        """Yield all but compiled modules and what only an installer writes."""
        for record, stream, is_executable in super().get_contents():
            folder, _, name = record[0].rpartition("/")
            compiled = "__pycache__" in folder.split("/")
            if not compiled and not (folder == self.dist_info_dir and name in _OWN):
                yield record, stream, is_executable


class _Destination(SchemeDictionaryDestination):
    """Writes below a tree that has files: hard links into a cache, say, or links to folders."""

    tree: Path
    wheel: Wheel

    def write_file(
        self, scheme: Scheme, path: str | os.PathLike[str], stream: BinaryIO, is_executable: bool
    ) -> RecordEntry:
        if scheme == "scripts":
            # the library's own change of the first line does not know long paths or spaces
            changed = _with_shebang(stream, self.interpreter)
            return self.write_to_fs(scheme, os.fspath(path), changed, is_executable=True)
        return super().write_file(scheme, path, stream, is_executable)

    def write_to_fs(
        self, scheme: Scheme, path: str, stream: BinaryIO, is_executable: bool
    ) -> RecordEntry:
        target = Path(self.scheme_dict[scheme], path)
        inside = target.relative_to(self.tree).as_posix()
        if not target.parent.resolve().is_relative_to(self.tree.resolve()):
            raise WheelError(self.wheel, inside, "a link leads out of the environment there")
        if target.is_dir() and not target.is_symlink():
            raise WheelError(self.wheel, inside, "the environment has a folder of that name")
        target.unlink(missing_ok=True)
        return super().write_to_fs(scheme, path, stream, is_executable)


def _with_shebang(stream: BinaryIO, interpreter: str) -> BinaryIO:
    """Return a script with ``#!python`` replaced; another is as it was."""
    if stream.read(8) != b"#!python":
        stream.seek(0)
        return stream
    stream.readline()
    first = f"#!{interpreter}\n"
    if " " in interpreter or len(first) > _LONGEST_SHEBANG:
        first = f"#!/bin/sh\n'''exec' {shlex.quote(interpreter)} \"$0\" \"$@\"\n' '''\n"
    return io.BytesIO(first.encode() + stream.read())


def _metadata(wheel: Wheel) -> dict[str, bytes]:
    origin = {"archive_info": {"hashes": {"sha256": wheel.sha256}}, "url": wheel.url}
    return {
        "INSTALLER": b"strata\n",
        "direct_url.json": json.dumps(origin, sort_keys=True).encode(),
    }
