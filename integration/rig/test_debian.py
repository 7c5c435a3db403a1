from __future__ import annotations

import io
import tarfile
from pathlib import Path

from rig.machine.debian import configure_like


def write(path: Path, entries: dict[str, str | None]) -> Path:
    """Write an archive: None makes a folder, "-> x" a link, anything else a file."""
    with tarfile.open(path, "w") as archive:
        for name, content in entries.items():
            entry = tarfile.TarInfo(name)
            if content is None:
                entry.type = tarfile.DIRTYPE
            elif content.startswith("-> "):
                entry.type, entry.linkname = tarfile.SYMTYPE, content[3:]
            else:
                entry.size = len(content)
            archive.addfile(entry, io.BytesIO((content or "").encode()))
    return path


def test_what_configuring_makes_is_added_and_nothing_for_another_machine(tmp_path: Path) -> None:
    whole = {
        "./etc/": None,
        "./etc/passwd": "root",
        "./etc/motd": "native",
        "./etc/ld.so.cache": "native",
        "./etc/ld.so.conf.d/x86_64-linux-gnu.conf": "native",
        "./etc/alternatives/awk": "-> /usr/bin/mawk",
        "./usr/bin/awk": "-> /etc/alternatives/awk",
        "./usr/bin/mawk": "native",
        "./usr/lib/only-native": "native",
        "./usr/local/share/x.crt": "certificate",
        "./srv/": None,
    }
    extracted = {"./etc/": None, "./etc/motd": "foreign", "./usr/bin/mawk": "foreign"}
    complete = tmp_path / "complete.tar"
    configure_like(
        write(tmp_path / "whole.tar", whole), write(tmp_path / "half.tar", extracted), complete
    )
    found = dict[str, str | None]()
    with tarfile.open(complete) as archive:
        for entry in archive:
            handle = archive.extractfile(entry) if entry.isreg() else None
            found[entry.name] = handle.read().decode() if handle else entry.linkname or None
    assert found == {
        "./etc": None,
        "./etc/motd": "foreign",
        "./usr/bin/mawk": "foreign",
        "./etc/passwd": "root",
        "./etc/alternatives/awk": "/usr/bin/mawk",
        "./usr/bin/awk": "/etc/alternatives/awk",
        "./usr/local/share/x.crt": "certificate",
        "./srv": None,
    }
