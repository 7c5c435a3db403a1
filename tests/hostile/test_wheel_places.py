"""Wheels that a lock takes from another place than environment.yml or an index names."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.conftest import Strata
from tests.support.lock_files import CHANNEL, Pip, write_lock

URL = "https://good.example/w-1.0-py3-none-any.whl"
SHA256 = hashlib.sha256(URL.encode()).hexdigest()


def write(project: Path, requirement: str, host: str, **extra: object) -> None:
    (project / "environment.yml").write_text(
        f"channels: [{CHANNEL}]\nplatforms: [linux-64]\n"
        f"dependencies:\n  - pip:\n      - {requirement}\n"
    )
    wheel = Pip("w-1.0", host=host, extra=dict(extra))
    write_lock(project / "strata.lock", {"default": {"linux-64": [wheel]}})


def test_the_place_and_hash_of_the_requirement(strata: Strata, project: Path) -> None:
    for fragment in ("", f"#sha256={SHA256}", f"#sha256={SHA256.upper()}", "#egg=w"):
        write(project, f"'w @ {URL}{fragment}'", "https://good.example/")
        done = strata("check")
        assert (done.returncode, done.stderr) == (0, ""), done.stdout


@pytest.mark.parametrize(
    "host",
    [
        "https://evil.example/",
        "https://good.example:8443/",
        "https://good.example/other/",
        "https://good.example.evil.example/",
    ],
)
def test_another_place_than_that_of_the_requirement(
    strata: Strata, project: Path, host: str
) -> None:
    write(project, f"w @ {URL}", host)
    done = strata("check")
    assert done.returncode == 1
    assert "environment.yml:5: w (pip) on linux-64: it is locked from" in done.stdout
    assert f"not from {URL}" in done.stdout
    assert "Traceback" not in done.stderr


def test_another_hash_than_that_of_the_requirement(strata: Strata, project: Path) -> None:
    write(project, f"'w @ {URL}#sha256={'0' * 64}'", "https://good.example/")
    done = strata("check")
    assert done.returncode == 1
    assert f"it is locked with the SHA-256 {SHA256}, not {'0' * 64}" in done.stdout


@pytest.mark.parametrize(
    ("host", "is_named"),
    [
        ("https://files.pythonhosted.org/packages/", False),
        ("https://evil.example/", True),
        ("https://files.pythonhosted.org.evil.example/", True),
        ("https://pypi.org/", True),
    ],
)
def test_a_host_that_no_index_has_is_named(
    strata: Strata, project: Path, host: str, *, is_named: bool
) -> None:
    write(project, "w", host)
    done = strata("check")
    assert done.returncode == 0, done.stdout
    name = host.split("/")[2]
    assert (f"warning: strata.lock: w (pip) from {name}, which is neither" in done.stderr) == (
        is_named
    )


def test_a_host_of_an_index_that_uv_knows_is_not_named(strata: Strata, project: Path) -> None:
    write(project, "w", "https://evil.example/")
    assert strata("check", UV_INDEX="https://me:pw@evil.example/simple").stderr == ""
    assert "evil.example" in strata("check", UV_INDEX="https://[::1/simple").stderr
