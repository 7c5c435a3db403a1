"""What ``conda doctor`` compares: the hash in a record with the content that a path leads to."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from tests.conftest import HandMadeChannel, Strata, write_environment
from tests.hostile.made_packages import Link, Made


def test_no_symbolic_link_counts_as_altered(strata: Strata, project: Path, tmp_path: Path) -> None:
    channel = HandMadeChannel(tmp_path / "links")
    archive = channel.folder / "linux-64/linked-1.0-h0_0.tar.bz2"
    archive.parent.mkdir(parents=True)
    files = Made({"lib/a.so.1": "content\n", "lib/a.so": Link("a.so.1")})
    files.write(archive, "linked", tmp_path)
    channel.index()
    write_environment(project, channel, ["linked"])
    assert strata("lock").returncode == 0
    assert strata("install").returncode == 0
    prefix = project / ".conda"
    assert (prefix / "lib/a.so").is_symlink()
    record = json.loads((prefix / "conda-meta/linked-1.0-h0_0.json").read_text())
    for entry in record["paths_data"]["paths"]:
        if noted := entry.get("sha256_in_prefix"):
            content = (prefix / entry["_path"]).read_bytes()
            assert hashlib.sha256(content).hexdigest() == noted, entry["_path"]
    assert {entry["_path"] for entry in record["paths_data"]["paths"]} == {"lib/a.so.1", "lib/a.so"}
    assert strata("install").returncode == 0
