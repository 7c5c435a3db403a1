"""A layer as registries keep it: a compressed tar archive, the same bytes for the same content.

See https://github.com/opencontainers/image-spec/blob/main/layer.md.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import sys
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from conda_strata.image.contents import EPOCH, FOLDER, Entry, Link

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ZSTD, GZIP = "zstd", "gzip"

LEVELS = {ZSTD: 3, GZIP: 6}
"""Compression levels: the defaults of both formats."""

BASE_LEVELS = {ZSTD: 9, GZIP: 9}
"""Those of base images, which are built rarely and pulled by everybody."""


@dataclass(frozen=True)
class Blob:
    """A layer's archive.

    Attributes
    ----------
    file
        Where it is.
    digest
        ``sha256:…`` of the file.
    size
        In bytes.
    diff_id
        ``sha256:…`` of the archive before compression.
    media_type
        As in a manifest.
    """

    file: Path
    digest: str
    size: int
    diff_id: str
    media_type: str


class _Hashed(io.RawIOBase):
    """Passes on what is written, and hashes it."""

    def __init__(self, sink: IO[bytes]) -> None:
        self._sink = sink
        self._hash = hashlib.sha256()
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._sink.write(data)
        self._hash.update(data)
        self.size += len(data)
        return len(data)

    @property
    def digest(self) -> str:
        return f"sha256:{self._hash.hexdigest()}"


def pack(entries: Iterable[Entry], prefix: str, file: Path, compression: str = ZSTD) -> Blob:
    """Write *entries*, sorted by path, below *prefix* to the archive *file*.

    Takes no more memory than a block of a file, whatever the size of the layer.
    """
    with file.open("wb") as raw:
        packed = _Hashed(raw)
        with _compressor(packed, compression) as compressor:
            plain = _Hashed(compressor)
            with tarfile.open(fileobj=plain, mode="w|", format=tarfile.PAX_FORMAT) as archive:
                _add(archive, entries, PurePosixPath(prefix.strip("/")))
    media_type = f"application/vnd.oci.image.layer.v1.tar+{compression}"
    return Blob(file, packed.digest, packed.size, plain.digest, media_type)


def repack(
    source: IO[bytes], file: Path, compression: str = ZSTD, latest: int | None = None
) -> Blob:
    """Write a layer of a base image, compressed or not, to *file* in our compression.

    So its digest does not depend on the program that had compressed it.

    Parameters
    ----------
    source
        The archive that somebody else made.
    file
        Where to write.
    compression
        ``zstd`` or ``gzip``.
    latest
        The time, in seconds since 1970, that later ones are set to, as BuildKit's
        ``rewrite-timestamp`` does; None leaves the archive as it is.
    """
    with file.open("wb") as raw, plain(source) as content:
        packed = _Hashed(raw)
        with _compressor(packed, compression, BASE_LEVELS) as compressor:
            written = _Hashed(compressor)
            if latest is None:
                while block := content.read(1 << 20):
                    written.write(block)
            else:
                _copy(content, written, latest)
    media_type = f"application/vnd.oci.image.layer.v1.tar+{compression}"
    return Blob(file, packed.digest, packed.size, written.digest, media_type)


def _copy(source: IO[bytes], sink: _Hashed, latest: int) -> None:
    """Copy an archive's members in their order, none of them later than *latest*."""
    with (
        tarfile.open(fileobj=source, mode="r|") as old,
        tarfile.open(fileobj=sink, mode="w|", format=tarfile.PAX_FORMAT) as new,
    ):
        for member in old:
            member.mtime = min(int(member.mtime), latest)
            for name in ("mtime", "atime", "ctime"):
                member.pax_headers.pop(name, None)  # type: ignore[attr-defined]
            new.addfile(member, old.extractfile(member) if member.isreg() else None)


def plain(source: IO[bytes]) -> IO[bytes]:
    """Return what reads an archive without its compression."""
    start = source.read(4)
    source.seek(0)
    if start.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=source)  # type: ignore[return-value]
    if start == b"\x28\xb5\x2f\xfd":
        return zstd.ZstdFile(source)  # type: ignore[return-value]
    return source


def _compressor(sink: _Hashed, compression: str, levels: Mapping[str, int] = LEVELS) -> IO[bytes]:
    level = levels[compression]
    if compression == GZIP:
        return gzip.GzipFile("", "wb", level, sink, mtime=0)  # type: ignore[return-value]
    return zstd.ZstdFile(sink, "w", level=level)  # type: ignore[return-value]


def _add(archive: tarfile.TarFile, entries: Iterable[Entry], prefix: PurePosixPath) -> None:
    known: set[PurePosixPath] = set()
    for entry in entries:
        path = prefix / entry.path
        for folder in _new_folders(path, known):
            described = _described(folder, EPOCH, FOLDER if prefix in _whole(folder) else 0o755)
            described.type = tarfile.DIRTYPE
            archive.addfile(described)
        described = _described(path, entry.time, entry.mode)
        if isinstance(entry.content, Link):
            described.type, described.linkname = tarfile.SYMTYPE, entry.content.target
            archive.addfile(described)
        elif isinstance(entry.content, bytes):
            described.size = len(entry.content)
            archive.addfile(described, io.BytesIO(entry.content))
        else:
            with entry.content.open("rb") as handle:
                described.size = entry.content.stat().st_size
                archive.addfile(described, handle)


def _new_folders(path: PurePosixPath, known: set[PurePosixPath]) -> Iterator[PurePosixPath]:
    for folder in reversed(path.parents[:-1]):
        if folder not in known:
            known.add(folder)
            yield folder


def _whole(folder: PurePosixPath) -> tuple[PurePosixPath, ...]:
    return (folder, *folder.parents)


def _described(path: PurePosixPath, time: int, mode: int) -> tarfile.TarInfo:
    described = tarfile.TarInfo(path.as_posix())
    described.mtime, described.mode = time, mode
    return described
