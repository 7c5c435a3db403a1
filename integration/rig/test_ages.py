"""The channel's packages are as old as they say, though they were made a moment ago."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rattler import Channel, Gateway, solve

from rig.channel import build as channel
from rig.channel import package


def test_a_cool_down_leaves_no_package_out(tmp_path: Path) -> None:
    tree, folder = tmp_path / "tree", tmp_path / "channel"
    (tree / "share").mkdir(parents=True)
    (tree / "share/file").write_text("")
    (folder / "noarch").mkdir(parents=True)
    package.assemble(
        tree,
        name="old",
        version="1.0",
        flavour="py",
        subdir="noarch",
        depends=[],
        entry_points=[],
        out=folder / "noarch",
    )
    channel.index(folder)
    found = asyncio.run(
        solve(
            [Channel(folder.as_uri())],
            ["old"],
            gateway=Gateway(cache_dir=tmp_path / "cache"),
            platforms=["linux-64", "noarch"],
            exclude_newer=datetime.now(UTC) - timedelta(days=7),
        )
    )
    assert [record.timestamp for record in found] == [package.TIMESTAMP]
    assert len(list((folder / "noarch/shards").iterdir())) == 1
    (record,) = json.loads((folder / "noarch/repodata.json").read_text())["packages.conda"].values()
    assert record["indexed_timestamp"] == record["timestamp"]
