"""Packages that conda installed into the prefix: an update leaves nothing of the old version."""

from __future__ import annotations

import json
from pathlib import Path

from tests.conftest import HandMadeChannel, Strata, write_environment


def test_update_of_a_package_as_conda_records_it(
    strata: Strata, project: Path, channel: HandMadeChannel
) -> None:
    for version in ("1.0", "2.0"):
        files = {
            f"site-packages/cows/v{version[0]}.py": "sound = 'moo'\n",
            f"site-packages/cows-{version}.dist-info/METADATA": f"Name: cows\nVersion: {version}\n",
        }
        channel.add("cows", version, files, ["python"], entry_points=["moo = cows:main"])
    channel.index()
    write_environment(project, channel, ["frames", "cows =1"])
    strata("lock")
    strata("install")
    prefix = project / ".conda"
    (meta,) = (prefix / "conda-meta").glob("cows-*.json")
    record = json.loads(meta.read_text())
    record["package_type"] = "noarch_python"
    for entry in record["paths_data"]["paths"]:
        entry["_path"] = entry["_path"].replace("lib/python3.11/site-packages/", "site-packages/")
    meta.write_text(json.dumps(record, indent=2))
    write_environment(project, channel, ["frames", "cows =2"])
    strata("lock")
    assert strata("install").returncode == 0
    left = sorted(path.name for path in prefix.rglob("*") if path.is_file() and "cows" in str(path))
    assert left == ["METADATA", "cows-2.0-h0_0.json", "v2.py"]
    assert not list(prefix.rglob("cows-1.0*"))
