"""Post-link scripts never run for images: ``strata push`` names what its layers lack."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.conftest import HandMadeChannel, Strata, write_environment
from tests.support.registry_server import Registry

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def base(strata: Strata, project: Path, tmp_path: Path, registry_server: Registry) -> str:
    """Lock a package with a script and one without; return the address of a base image."""
    channel = HandMadeChannel(tmp_path / "own")
    script = f"#!/bin/bash\ntouch {tmp_path / 'ran'}\n"
    channel.add("linker", "1.0", {"bin/.linker-post-link.sh": script})
    channel.add("plain")
    channel.index()
    write_environment(project, channel, ["linker", "plain"])
    assert strata("lock").returncode == 0
    registry_server.add_image()
    return f"{registry_server.address}/team/base:base"


@pytest.mark.parametrize("allowed", [False, True])
def test_push_names_packages_with_scripts(
    strata: Strata, project: Path, base: str, tmp_path: Path, *, allowed: bool
) -> None:
    """Also those that environment.yml allows: they run in prefixes only."""
    if allowed:
        with (project / "environment.yml").open("a") as file:
            file.write("link-scripts: [linker]\n")
    words = ("--base", base, "--platform", "linux-64", "--json")
    done = strata("push", base.replace("base:base", "app:1"), *words)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["made"] > 0
    (warned,) = [line for line in done.stderr.splitlines() if "post-link" in line]
    assert warned.startswith("warning: linker-1.0-h0_0: its post-link script ")
    assert warned.endswith("was not run: the layers lack what it makes")
    assert "plain" not in done.stderr
    assert not (tmp_path / "ran").exists()


def test_push_names_them_where_all_layers_are_there(
    strata: Strata, base: str, tmp_path: Path
) -> None:
    words = ("--base", base, "--platform", "linux-64")
    image = base.replace("base:base", "app:1")
    assert strata("push", image, *words).returncode == 0
    again = strata("push", image, *words)
    assert again.returncode == 0, again.stderr
    assert again.stderr.count("was not run: the layers lack what it makes") == 1
    assert not (tmp_path / "ran").exists()
    # A machine that never had the packages knows nothing of their scripts.
    with TemporaryDirectory() as cache:
        other = strata("push", image, *words, RATTLER_CACHE_DIR=cache)
    assert other.returncode == 0, other.stderr
    assert "0 layers made" in other.stderr
