"""Archives of packages onto the disk, within bounds: a small one can unpack to a whole disk."""

from __future__ import annotations

import bz2
import errno
import itertools
import os
import re
import struct
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol

from rattler.package_streaming import extract as rattler_extract

from conda_strata.core.errors import PackageError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

FACTOR = 100
"""What a package may unpack to, in sizes of its archive; what compresses better is no software."""

FLOOR = 64 << 20
"""What any package may unpack to, in bytes."""

ASK = "Nothing of it was installed. Tell the channel's owners, or lock another version of it."

_STEP = 1 << 20

_ENTRY = struct.Struct("<6xH10xIIHH")
"""What stands before an entry of a zip archive: flags, two sizes, the lengths of two names."""

_FOUR = 0xFFFFFFFF

_OS_ERROR = re.compile(r"\(os error (\d+)\)")
_OF_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EACCES, errno.EPERM}
"""What rattler tells in words alone; any other comes from what the package holds."""


def limit(size: int) -> int:
    """Return how many bytes an archive of *size* bytes may unpack to."""
    return FACTOR * size + FLOOR


class _Readable(Protocol):
    """What can be read piece by piece."""

    def read(self, size: int, /) -> bytes: ...


def extract(archive: Path, folder: Path, package: str) -> None:
    """Unpack a package, verified before, into *folder*, which is new.

    Parameters
    ----------
    archive
        The file, whose name ends as those of packages do.
    folder
        Where to.
    package
        Its name, for people.

    Raises
    ------
    PackageError
        When it is no package, or unpacks to more than it may; then nothing was unpacked.
    """
    bound = limit(archive.stat().st_size)
    try:
        fits = all(total <= bound for total in itertools.accumulate(_sizes(archive)))
        if fits:
            rattler_extract(archive, folder)
    except Exception as error:
        if isinstance(error, OSError) and error.errno:
            raise  # of the disk
        if (found := _OS_ERROR.search(str(error))) and int(found[1]) in _OF_DISK:
            raise OSError(int(found[1]), os.strerror(int(found[1]))) from error
        # zip, zstd, bz2 and rattler each have kinds of their own
        raise PackageError(f"{package}: it cannot be unpacked: {plain(error)}", ASK) from error
    if not fits:
        raise too_large(package, bound)


def plain(error: Exception) -> str:
    """Return what an error says in one line that a terminal only shows."""
    text = " ".join(str(error).split())
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def too_large(package: str, bound: int) -> PackageError:
    """Return what to tell of a package that unpacks to more than *bound* bytes."""
    what = (
        f"it unpacks to more than {bound / 1e6:,.0f} MB, "
        f"which is {FACTOR} times its size and {FLOOR / 1e6:,.0f} MB more"
    )
    return PackageError(f"{package}: {what}", ASK)


def _sizes(archive: Path) -> Iterator[int]:
    """Yield the sizes of the pieces of what *archive* holds, without keeping any."""
    if archive.name.endswith(".tar.bz2"):
        with bz2.open(archive) as tar:
            yield from _pieces(tar)
        return
    with archive.open("rb") as file, zipfile.ZipFile(file) as outer:
        _require_listed(file, outer.infolist())
        for part in outer.infolist():
            with outer.open(part) as inner:
                if part.filename.endswith(".tar.zst"):
                    with zstd.open(inner) as tar:
                        yield from _pieces(tar)
                else:
                    yield from _pieces(inner)


def _require_listed(file: BinaryIO, parts: Sequence[zipfile.ZipInfo]) -> None:
    """Refuse an archive that holds more for who reads it from its start than its list tells.

    rattler reads it so, and Python by the list at its end.

    Raises
    ------
    zipfile.BadZipFile
        When the two differ.
    """
    listed = {part.header_offset: part for part in parts}
    place = 0
    while True:
        file.seek(place)
        header = file.read(_ENTRY.size)
        if header[:4] != b"PK\x03\x04" or len(header) < _ENTRY.size:
            break
        flags, packed, plain_size, name, extra = _ENTRY.unpack(header)
        part = listed.pop(place, None)
        if part is None:
            raise zipfile.BadZipFile("it has an entry that its list lacks")
        has_sizes_behind = flags & 0x8
        told = (packed, plain_size) == (part.compress_size, part.file_size)
        # sizes of four gigabytes and more stand elsewhere in the entry
        if not (told or has_sizes_behind or _FOUR in {packed, plain_size}):
            raise zipfile.BadZipFile("an entry has another size than its list says")
        place += _ENTRY.size + name + extra + part.compress_size
        if has_sizes_behind:
            place = min((at for at in listed if at >= place), default=place)
    if listed:
        raise zipfile.BadZipFile("its list names an entry that is elsewhere")


def _pieces(file: _Readable) -> Iterator[int]:
    while piece := file.read(_STEP):
        yield len(piece)
