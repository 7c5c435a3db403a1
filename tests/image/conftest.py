"""Registries of this process, and blobs of this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from conda_strata.image.blobs import BlobStore
from tests.support.registry_server import Registry, serving


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    monkeypatch.setenv("STRATA_TIMEOUT", "5")
    with serving() as found:
        yield found


@pytest.fixture
def other() -> Iterator[Registry]:
    with serving() as found:
        yield found


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "store")
