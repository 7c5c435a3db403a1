"""Two servers: the registry that is asked, and another that must not learn who asks."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.registry_server import Registry, serving

SECRET = "Basic " + base64.b64encode(b"scientist:secret").decode()


@pytest.fixture
def registry_server() -> Iterator[Registry]:
    with serving() as registry:
        yield registry


@pytest.fixture
def other() -> Iterator[Registry]:
    with serving() as registry:
        yield registry


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with no login of the machine's own."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("STRATA_TIMEOUT", "5")
    for name in ("DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return folder


@pytest.fixture
def logged_in(home: Path, registry_server: Registry) -> Path:
    """As 'docker login' leaves it for the one registry, with a ~/.netrc for every port here."""
    auth = SECRET.partition(" ")[2]
    config = home / ".docker/config.json"
    config.parent.mkdir()
    config.write_text(json.dumps({"auths": {registry_server.address: {"auth": auth}}}))
    netrc = home / ".netrc"
    netrc.write_text("machine 127.0.0.1 login net password rc\n")
    netrc.chmod(0o600)
    return home
