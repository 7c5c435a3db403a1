"""What a prefix holds, less what differs between any two installations."""

from __future__ import annotations

import json
from pathlib import Path

_OF_THE_MACHINE = ("extracted_package_dir", "package_tarball_full_path", "link", "requested_specs")
_OF_THE_SERVER = ("url", "channel")
_OF_THE_MOMENT = ("history", "strata.lock")


def tree(prefix: Path) -> dict[str, object]:
    """Return path to content; records are compared by what they say of their package."""
    return {
        str(path.relative_to(prefix)): _content(path, prefix)
        for path in prefix.rglob("*")
        if not path.is_dir() and path.name not in _OF_THE_MOMENT
    }


def _content(path: Path, prefix: Path) -> object:
    if path.is_symlink():
        return path.readlink()
    if path.parent.name != "conda-meta" or path.suffix != ".json":
        return path.read_bytes().replace(bytes(prefix), b"PREFIX")
    record = json.loads(path.read_text("utf-8"))
    for key in _OF_THE_MACHINE + _OF_THE_SERVER:
        record.pop(key, None)
    # hashes of what was written for this very prefix; the files themselves are compared anyway
    paths = record["paths_data"]["paths"]
    record["paths_data"] = sorted((entry["_path"], entry["path_type"]) for entry in paths)
    record["files"].sort()
    return record
