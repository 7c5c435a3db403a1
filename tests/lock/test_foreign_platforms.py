"""Platforms with names of their own, and packages that are built from sources, in pixi's locks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conda_strata.lock import lockfile
from tests.conftest import Strata

URL = "https://conda.anaconda.org/conda-forge/noarch"
LOCK = f"""\
version: 7
platforms:
- name: linux-64
- name: linux-64-cuda
  subdir: linux-64
  virtual-packages:
  - __cuda=12.0=0
- name: mac
  subdir: osx-arm64
environments:
  default:
    channels:
    - url: https://conda.anaconda.org/conda-forge/
    packages:
      linux-64:
      - conda_source: own[a1b2c3d4] @ .
      - conda: {URL}/tqdm-4.66.1-py_0.conda
      linux-64-cuda:
      - conda: {URL}/tqdm-4.66.2-py_0.conda
      mac:
      - conda: {URL}/tqdm-4.66.2-py_0.conda
packages:
- conda_source: own[a1b2c3d4] @ .
- conda: {URL}/tqdm-4.66.1-py_0.conda
  sha256: {"a" * 64}
- conda: {URL}/tqdm-4.66.2-py_0.conda
  sha256: {"b" * 64}
"""


def planned(strata: Strata, platform: str) -> tuple[list[str], str]:
    done = strata("plan", "--lock", "pixi.lock", "--platform", platform, "--json")
    assert done.returncode == 0, done.stderr
    layers = json.loads(done.stdout)["layers"]
    return [name for layer in layers for name in layer["packages"]], done.stderr


def test_platform_with_a_name_of_its_own(strata: Strata, project: Path) -> None:
    (project / "pixi.lock").write_text(LOCK)
    assert planned(strata, "osx-arm64")[0] == ["tqdm-4.66.2-py_0"]
    names, said = planned(strata, "linux-64")
    assert names == ["tqdm-4.66.1-py_0"]
    assert "the platform linux-64-cuda of the environment default is left out" in said


def test_packages_from_sources_are_named(strata: Strata, project: Path) -> None:
    (project / "pixi.lock").write_text(LOCK)
    said = planned(strata, "linux-64")[1]
    assert "own: pixi builds that from source" in said


OLDER = f"""\
version: 6
environments:
  default:
    channels:
    - url: https://conda.anaconda.org/conda-forge/
    packages:
      linux-64:
      - conda: .
      - conda: {URL}/tqdm-4.66.1-py_0.conda
packages:
- conda: .
  name: own
  version: 1.0.0
  build: h1
  subdir: linux-64
- conda: {URL}/tqdm-4.66.1-py_0.conda
  sha256: {"a" * 64}
"""


def test_what_is_built_from_sources_is_sorted(tmp_path: Path) -> None:
    names = ["a", "own", "z"]
    text = OLDER
    for name in ("z", "a"):
        text = text.replace("      - conda: .\n", f"      - conda: ./{name}\n      - conda: .\n")
        block = text[text.index("- conda: .\n  name: own") : text.rindex("- conda: ")]
        own = block.replace("- conda: .", f"- conda: ./{name}").replace("own", name)
        text = text.replace(block, block + own)
    file = tmp_path / "pixi.lock"
    file.write_text(text)
    assert lockfile.read(file).sources == {"default": {"linux-64": tuple(names)}}


@pytest.mark.parametrize("text", [LOCK, OLDER], ids=["7", "6"])
def test_both_formats_say_what_is_built_from_sources(tmp_path: Path, text: str) -> None:
    file = tmp_path / "pixi.lock"
    file.write_text(text)
    found = lockfile.read(file)
    assert found.sources == {"default": {"linux-64": ("own",)}}
    names = [one.name.normalized for one in found.records("default", "linux-64")]
    assert names == ["tqdm"]
