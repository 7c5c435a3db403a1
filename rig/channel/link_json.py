"""Say in a conda package which scripts an installer has to make."""

from __future__ import annotations

import io
import json
import tarfile
import tempfile
import zipfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from rattler.package_streaming import extract

from rig.channel import zstd
from rig.machine.state import scratch


def add(package: Path, entry_points: Sequence[str], timestamp: datetime) -> None:
    """Give a `noarch: python` package the `info/link.json` from which rattler makes its scripts.

    `assemble_package` has no way to say it: given as a file, it would be installed as well. So the
    package's metadata archive is written anew; its files stay as they are.

    Parameters
    ----------
    package
        A `.conda` file, changed in place.
    entry_points
        "name = module:function", possibly none.
    timestamp
        The time of the metadata files.
    """
    link = {
        "noarch": {"type": "python", "entry_points": list(entry_points)},
        "package_metadata_version": 1,
    }
    with tempfile.TemporaryDirectory(dir=scratch()) as temporary:
        extract(package, Path(temporary))
        info = Path(temporary) / "info"
        (info / "link.json").write_text(json.dumps(link, indent=2) + "\n", encoding="utf-8")
        metadata = _tar(info, int(timestamp.timestamp()))
    replaced = package.with_suffix(".part")
    with zipfile.ZipFile(package) as old, zipfile.ZipFile(replaced, "w") as new:
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename.startswith("info-"):
                content = zstd.store(metadata)
            # A new entry, for its fixed time; the outer archive of a .conda is never compressed.
            new.writestr(zipfile.ZipInfo(entry.filename), content)
    replaced.replace(package)


def _tar(folder: Path, seconds: int) -> bytes:
    """Return an archive of a folder's files, below the folder's name, all of one time."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = tarfile.TarInfo(str(path.relative_to(folder.parent)))
            entry.size, entry.mode, entry.mtime = path.stat().st_size, 0o644, seconds
            archive.addfile(entry, io.BytesIO(path.read_bytes()))
    return buffer.getvalue()
