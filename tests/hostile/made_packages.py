"""Packages that say of themselves what no honest tool would write, and the locks that name them."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conftest import HandMadeChannel


@dataclass(frozen=True)
class Link:
    """A symbolic link in an archive."""

    target: str


@dataclass(frozen=True)
class Sparse:
    """A file that is one hole, in the way of GNU tar."""

    size: int


Content = str | bytes | Link | Sparse


def entry(path: str, kind: str = "hardlink", **more: object) -> dict[str, object]:
    """Return an entry of ``paths.json``."""
    return {"_path": path, "path_type": kind, **more}


def patched(path: str, kind: str = "hardlink") -> dict[str, object]:
    """Return an entry of a file that the prefix is to be written into."""
    return entry(path, kind, prefix_placeholder="PREFIX", file_mode="text")


@dataclass(frozen=True)
class Made:
    """What an archive holds; OUTSIDE in any text becomes a folder that is no business of it.

    Attributes
    ----------
    files
        Path in the archive to what is there, ``info/`` included, in this order.
    paths
        Entries of ``paths.json``; all files that are not in ``info/`` by default.
    index, link
        Added to ``info/index.json``; all of ``info/link.json``.
    """

    files: Mapping[str, Content] = field(default_factory=dict)
    paths: list[dict[str, object]] | None = None
    index: Mapping[str, object] = field(default_factory=dict)
    link: object = None

    def write(self, archive: Path, name: str, outside: Path) -> None:
        """Write the archive."""
        files = dict(self.files)
        texts: dict[str, Content] = {}
        index = {"name": name, "version": "1.0", "build": "h0_0", "build_number": 0, "depends": []}
        paths = self.paths
        if paths is None:
            paths = [
                entry(path, "softlink" if isinstance(content, Link) else "hardlink")
                for path, content in files.items()
                if not path.startswith("info/")
            ]
        texts["info/index.json"] = json.dumps(index | dict(self.index))
        texts["info/paths.json"] = json.dumps({"paths_version": 1, "paths": paths})
        if self.link is not None:
            texts["info/link.json"] = json.dumps(self.link)
        archive.unlink(missing_ok=True)
        with tarfile.open(archive, "w:bz2", format=tarfile.GNU_FORMAT) as tar:
            for path, content in {**texts, **files}.items():
                _add(tar, path, content, str(outside))


def _add(tar: tarfile.TarFile, path: str, content: Content, outside: str) -> None:
    member = tarfile.TarInfo(path.replace("OUTSIDE", outside))
    member.mode = 0o755
    if isinstance(content, Link):
        member.type = tarfile.SYMTYPE
        member.linkname = content.target.replace("OUTSIDE", outside)
        tar.addfile(member)
    elif isinstance(content, Sparse):
        assert tar.fileobj is not None
        tar.fileobj.write(_hole(member, content.size))
        tar.offset += tarfile.BLOCKSIZE
    else:
        data = content.encode() if isinstance(content, str) else content
        data = data.replace(b"OUTSIDE", outside.encode())
        member.size = len(data)
        tar.addfile(member, io.BytesIO(data))


def _hole(member: tarfile.TarInfo, size: int) -> bytes:
    """Return the header of a file of *size* bytes, none of which is in the archive."""
    member.type = tarfile.GNUTYPE_SPARSE
    header = bytearray(member.tobuf(tarfile.GNU_FORMAT))
    number = b"%011o\0" % size
    header[386:410] = number + b"%011o\0" % 0
    header[483:495] = number
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


class Stage:
    """A project whose lock names packages that are made for each test."""

    def __init__(self, base: HandMadeChannel, lock: str, project: Path) -> None:
        self.project = project
        self.around = project.parent
        self.outside = self.around / "outside"
        self.cache = self.around / "cache/pkgs"
        self.channel = self.around / "channel"
        shutil.copytree(base.folder, self.channel)
        self._lock = lock.replace(str(base.folder), str(self.channel))
        manifest = project / "environment.yml"
        manifest.write_text(manifest.read_text().replace(str(base.folder), str(self.channel)))
        self.outside.mkdir()
        (self.outside / "secret").write_text("hunter2\n")
        (self.outside / "script.sh").write_text("true\n")
        (self.outside / "folder").mkdir()
        (project / "precious.txt").write_text("mine\n")
        docker = self.around / ".docker/config.json"
        docker.parent.mkdir()
        docker.write_text('{"auths": {"registry": {"auth": "hunter2"}}}')

    def put(self, name: str, made: Made | bytes) -> None:
        """Have the channel and the lock hold this as package *name*."""
        (archive,) = self.channel.glob(f"*/{name}-1.0-h0_0.tar.bz2")
        if isinstance(made, bytes):
            archive.write_bytes(made)
        else:
            made.write(archive, name, self.outside)
        data = archive.read_bytes()
        block = re.search(
            rf"^- conda: \S+/{name}-1\.0-h0_0\.tar\.bz2\n(?:  .+\n)+", self._lock, re.MULTILINE
        )
        assert block
        told = re.sub(r"sha256: \w+", f"sha256: {hashlib.sha256(data).hexdigest()}", block[0])
        told = re.sub(r"  md5: \w+\n", "", told)
        told = re.sub(r"\bsize: \d+", f"size: {len(data)}", told)
        self._lock = self._lock.replace(block[0], told)

    def lock(self) -> None:
        """Write the lock."""
        (self.project / "strata.lock").write_text(self._lock)

    def sha256(self, name: str) -> str:
        (archive,) = self.channel.glob(f"*/{name}-1.0-h0_0.tar.bz2")
        return hashlib.sha256(archive.read_bytes()).hexdigest()

    def snapshot(self) -> dict[str, tuple[Any, ...]]:
        """Return all that is around, less what a command is meant to change."""
        own = {self.project / ".conda", self.project / "out", self.around / "cache"}
        found: dict[str, tuple[Any, ...]] = {}
        pending = [self.around]
        while pending:
            for path in pending.pop().iterdir():
                if path in own:
                    continue
                status = path.lstat()
                if path.is_symlink():
                    found[str(path)] = (str(path.readlink()),)
                elif path.is_dir():
                    found[str(path)] = (status.st_mode,)
                    pending.append(path)
                else:
                    found[str(path)] = (status.st_mode, status.st_mtime_ns, path.read_bytes())
        return found

    def linked(self) -> list[str]:
        """Return what was linked, less strata's own notes."""
        prefix = self.project / ".conda"
        found = [p for p in prefix.rglob("*") if p.is_symlink() or not p.is_dir()]
        own = {"conda-meta/strata.lock", "conda-meta/strata-unfinished"}
        return sorted({str(p.relative_to(prefix)) for p in found} - own)


def holds(folder: Path, text: bytes) -> bool:
    """Whether any file in *folder* holds *text*."""
    for above, _, names in os.walk(folder):
        for name in names:
            file = Path(above, name)
            if not file.is_symlink() and text in file.read_bytes():
                return True
    return False
