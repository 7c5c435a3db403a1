"""Hosts that cannot be reached: no name, no listener, no trust, no proxy."""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from tests.conftest import HandMadeChannel, Strata

from .conftest import Place, assert_told, write_manifest
from .server import serving


@pytest.fixture
def closed_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate that nobody vouches for, with its key."""
    assert shutil.which("openssl"), "the tests of TLS need openssl"
    key, file, both = tmp_path / "key.pem", tmp_path / "cert.pem", tmp_path / "both.pem"
    words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=x"]
    words += ["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=CA:FALSE"]
    words += ["-keyout", str(key), "-out", str(file)]
    subprocess.run(["openssl", *words], check=True, capture_output=True)
    both.write_bytes(key.read_bytes() + file.read_bytes())
    return both


def fails_and_recovers(strata: Strata, place: Place, url: str, *said: str, **env: str) -> None:
    good = (place.folder / "environment.yml").read_text()
    place.lock()
    old = (place.folder / "strata.lock").read_bytes()
    write_manifest(place.folder, url, "frames", "tool")
    failed = strata("lock", **env)
    assert failed.returncode == 6, failed.stderr
    assert_told(failed.stderr, *said)
    assert (place.folder / "strata.lock").read_bytes() == old
    assert sorted(p.name for p in place.folder.iterdir()) == ["environment.yml", "strata.lock"]
    (place.folder / "environment.yml").write_text(good)
    assert strata("lock").returncode == 0


def test_no_such_host(strata: Strata, place: Place) -> None:
    url = "http://no-such-host.invalid"
    fails_and_recovers(strata, place, url, url, "name", STRATA_ALLOW_HTTP="1")


def test_connection_refused(strata: Strata, place: Place, closed_port: int) -> None:
    url = f"http://127.0.0.1:{closed_port}"
    fails_and_recovers(strata, place, url, url, "the connection was refused")


def test_untrusted_certificate(
    strata: Strata, place: Place, certificate: Path, channel: HandMadeChannel
) -> None:
    with serving(channel.folder, certificate) as server:
        said = (server.url, "its certificate is not trusted")
        fails_and_recovers(strata, place, server.url, *said)
        assert not server.script.asked


def test_proxy_that_is_not_there(strata: Strata, place: Place, closed_port: int) -> None:
    proxy = f"http://user:secret@127.0.0.1:{closed_port}"
    url = "https://no-such-host.invalid"
    fails_and_recovers(strata, place, url, url, "the proxy", HTTPS_PROXY=proxy)
