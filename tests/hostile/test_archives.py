"""Archives that are one thing to one program and another thing to the next."""

from __future__ import annotations

import hashlib
import io
import struct
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from conda_strata.core.errors import PackageError
from conda_strata.rattler.extraction import extract
from tests.conftest import SUBDIR, HandMadeChannel, Strata, write_environment
from tests.support.python_index import serving

from .test_wheels import NAME, plain

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

BIG = b"\0" * (80 << 20)


def tar(path: str, data: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo(path)
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return zstd.compress(buffer.getvalue())


def zipped(**parts: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in parts.items():
            archive.writestr(f"{name}-a-1-0.tar.zst", data)
    return buffer.getvalue()


def behind(first: bytes, archive: bytes) -> bytes:
    """Return *archive* with *first* before it, and its list put right."""
    end = archive.rindex(b"PK\5\6")
    (place,) = struct.unpack_from("<I", archive, end + 16)
    found = bytearray(archive)
    struct.pack_into("<I", found, end + 16, place + len(first))
    while found[place : place + 4] == b"PK\1\2":
        lengths = struct.unpack_from("<HHH", found, place + 28)
        (at,) = struct.unpack_from("<I", found, place + 42)
        struct.pack_into("<I", found, place + 42, at + len(first))
        place += 46 + sum(lengths)
    return first + bytes(found)


GOOD = zipped(pkg=tar("share/x", b"x"), info=tar("info/index.json", b"{}"))
BOMB = zipped(pkg=tar("share/x", BIG))


def other_size() -> bytes:
    """Return an archive whose first entry reaches further than the list says."""
    found = bytearray(behind(b"", GOOD))
    struct.pack_into("<II", found, 18, 1 << 20, 1 << 20)
    return bytes(found)


ARCHIVES = {
    "not in the list": behind(BOMB[: BOMB.rindex(b"PK\1\2")], GOOD),
    "another size": other_size(),
    "elsewhere": behind(b"words", GOOD),
}


@pytest.mark.parametrize("data", ARCHIVES.values(), ids=ARCHIVES)
def test_an_entry_that_the_list_lacks_is_not_unpacked(tmp_path: Path, data: bytes) -> None:
    """Rattler reads an archive from its start; what is unpacked was counted by its list."""
    archive = tmp_path / "a.conda"
    archive.write_bytes(data)
    with pytest.raises(PackageError, match="a: it cannot be unpacked: "):
        extract(archive, tmp_path / "unpacked", "a")
    assert not (tmp_path / "unpacked").exists()


@pytest.mark.parametrize("stream", [False, True])
def test_an_honest_archive_is_unpacked(tmp_path: Path, *, stream: bool) -> None:
    """Also one whose sizes stand behind its entries, or in the way of large files."""
    archive = tmp_path / "a.conda"
    parts = {"pkg": tar("share/x", b"x"), "info": tar("info/index.json", b"{}")}
    with archive.open("wb") as file, zipfile.ZipFile(file, "w") as outer:
        for name, data in parts.items():
            with outer.open(f"{name}-a-1-0.tar.zst", "w", force_zip64=stream) as part:
                part.write(data)
    extract(archive, tmp_path / "unpacked", "a")
    assert (tmp_path / "unpacked/share/x").read_bytes() == b"x"


def overlapping(count: int, data: bytes) -> bytes:
    """Return a wheel of many files that all lie on the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as wheel:
        for path, content in plain().items():
            wheel.writestr(path, content or "")
        wheel.writestr("bad/data0", data)
    whole = buffer.getvalue()
    end = whole.rindex(b"PK\5\6")
    (first,) = struct.unpack_from("<I", whole, end + 16)
    row = whole[whole.rindex(b"PK\1\2", 0, end) : end]
    rows = b"".join(row.replace(b"bad/data0", b"bad/%05x" % n) for n in range(1, count))
    found = bytearray(whole[:end] + rows + whole[end:])
    number, size = (len(plain()) + count) & 0xFFFF, end - first + len(rows)
    struct.pack_into("<HHII", found, end + len(rows) + 8, number, number, size, first)
    return bytes(found)


def data() -> bytes:
    """Return what can hardly be compressed, twenty times."""
    return b"".join(hashlib.sha256(n.to_bytes(2)).digest() for n in range(4096)) * 20


@pytest.mark.parametrize(
    ("count", "rule"), [(1000, "more than 100 times"), (200_001, "it has more than 200000 files")]
)
def test_a_wheel_of_many_files(
    strata: Strata, project: Path, channel: HandMadeChannel, tmp_path: Path, count: int, rule: str
) -> None:
    write_environment(project, channel, ["python"])
    assert strata("lock").returncode == 0
    (project / "environment.yml").unlink()
    wheel = overlapping(count, data() if count == 1000 else b"")
    assert len(wheel) < 20_000_000
    folder = tmp_path / "index"
    folder.mkdir()
    (folder / NAME).write_bytes(wheel)
    with serving(folder) as index:
        url = f"{index.url.removesuffix('/simple')}/{NAME}"
        lock = project / "strata.lock"
        listed = f"      - conda: {channel.folder}/{SUBDIR}/python-3.11.5-h0_0.tar.bz2\n"
        text = lock.read_text().replace(listed, f"{listed}      - pypi: {url}\n")
        digest = hashlib.sha256(wheel).hexdigest()
        lock.write_text(f"{text}- pypi: {url}\n  name: bad\n  version: '1.0'\n  sha256: {digest}\n")
        done = strata("layers", "--out", "out", "--platform", SUBDIR)
    assert done.returncode == 6, done.stderr
    assert "the wheel bad 1.0 is refused" in done.stderr
    assert rule in done.stderr
