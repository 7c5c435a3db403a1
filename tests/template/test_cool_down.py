"""The generated project takes no package of the last week."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from conda_strata.spec import cooldown, manifest


def test_packages_wait_a_week(default: Path) -> None:
    found = manifest.load([default / "environment.yml", default / "environment-dev.yml"])
    now = datetime.now(UTC)
    assert found.exclude_newer
    assert cooldown.newest(found.exclude_newer, now) == now - timedelta(days=7)
