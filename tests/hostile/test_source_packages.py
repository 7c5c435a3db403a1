"""Packages of a pixi.lock that are built from source: named, and never installed without."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.conftest import Strata
from tests.support.lock_files import CHANNEL

BINARY = f"{CHANNEL}noarch/a-1.0-0.conda"
SHA256 = hashlib.sha256(b"a").hexdigest()
BUILD = "  version: 0.1.0\n  build: h1_0\n  subdir: linux-64\n"
SOURCE = {
    6: (
        "conda: ./mine",
        f"- conda: ./mine\n  name: mine\n{BUILD}  input:\n    hash: {SHA256}\n    globs: [pixi.toml]\n",
    ),
    7: (
        "conda_source: mine[7c9e9f38] @ .",
        f"- conda_source: mine[7c9e9f38] @ .\n{BUILD}",
    ),
}
LOCAL = ("--lock", "pixi.lock", "--platform", "linux-64")


def write(project: Path, version: int) -> None:
    (project / "environment.yml").unlink(missing_ok=True)
    one, block = SOURCE[version]
    platforms = "platforms:\n- name: linux-64\n" if version > 6 else ""
    (project / "pixi.lock").write_text(
        f"version: {version}\n{platforms}environments:\n  default:\n    channels:\n"
        f"    - url: {CHANNEL}\n    packages:\n      linux-64:\n      - conda: {BINARY}\n"
        f"      - {one}\npackages:\n- conda: {BINARY}\n  sha256: {SHA256}\n{block}"
    )


@pytest.mark.parametrize("version", SOURCE)
@pytest.mark.parametrize("words", [("plan",), ("size",), ("export", "--format", "explicit")])
def test_they_are_named(
    strata: Strata, project: Path, words: tuple[str, ...], version: int
) -> None:
    write(project, version)
    done = strata(*words, *LOCAL)
    assert done.returncode == 0, done.stderr
    assert "warning: pixi.lock: mine: pixi builds that from source" in done.stderr


@pytest.mark.parametrize("version", SOURCE)
@pytest.mark.parametrize("words", [("install",), ("layers", "--out", "out")])
def test_nothing_is_installed_without_them(
    strata: Strata, project: Path, words: tuple[str, ...], version: int
) -> None:
    write(project, version)
    done = strata(*words, *LOCAL)
    assert done.returncode == 3
    assert "pixi.lock: mine on linux-64: it is built from source" in done.stderr
    assert not (project / ".conda").exists()
    assert not (project / "out").exists()


@pytest.mark.usefixtures("project")
def test_a_lock_of_our_own_has_none(strata: Strata) -> None:
    assert strata("lock").returncode == 0
    assert "from source" not in strata("plan").stderr
