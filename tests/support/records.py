"""Records and locks that no file holds, for what is a function of a lock."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rattler import BuildString, Channel, PackageRecord, RepoData, RepoDataRecord

from conda_strata.lock.model import Lock
from conda_strata.pypi.wheel import Wheel

if TYPE_CHECKING:
    from tests.conftest import HandMadeChannel

SUBDIR = "linux-64"
CHANNEL = "https://example.org/"


def record(
    name: str,
    version: str = "1.0",
    build: str = "h0_0",
    number: int = 0,
    *,
    subdir: str = SUBDIR,
    built: datetime | None = None,
    channel: str = CHANNEL,
    **more: Any,
) -> RepoDataRecord:
    """A package, with a hash of its own where none is given."""
    file = f"{name}-{version}-{build}.conda"
    more.setdefault("sha256", hashlib.sha256(file.encode()).digest())
    package = PackageRecord(name, version, BuildString(build), number, subdir, **more)
    package.timestamp = built
    return RepoDataRecord(package, file, f"{channel}{subdir}/{file}", channel)


def wheel(name: str, version: str = "1.0", requires: Sequence[str] = (), **more: str) -> Wheel:
    """A wheel, with a hash of its own where none is given."""
    url = more.get("url", f"https://example.org/{name}-{version}-py3-none-any.whl")
    sha256 = more.get("sha256", hashlib.sha256(url.encode()).hexdigest())
    return Wheel(name, version, url, sha256, tuple(requires))


def newest(channel: HandMadeChannel) -> dict[str, RepoDataRecord]:
    """The newest package of each name in a channel."""
    files = [channel.folder / subdir / "repodata.json" for subdir in (SUBDIR, "noarch")]
    found = [r for f in files for r in RepoData.from_path(f).into_repo_data(Channel(channel.url))]
    return {r.name.normalized: r for r in sorted(found, key=lambda r: str(r.version))}


def lock_of(
    environments: Mapping[str, Sequence[RepoDataRecord]],
    wheels: Mapping[str, Sequence[Wheel]] | None = None,
    **more: Any,
) -> Lock:
    """A lock of one platform."""
    return Lock(
        {name: {SUBDIR: records} for name, records in environments.items()},
        (CHANNEL,),
        Path("strata.lock"),
        {name: {SUBDIR: found} for name, found in (wheels or {}).items()},
        **more,
    )
