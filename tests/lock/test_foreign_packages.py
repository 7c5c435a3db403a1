"""What pixi's locks have and strata has no like of: read, named, and never in the way."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.conftest import Strata
from tests.lock.test_foreign_platforms import LOCK

URL = "https://conda.anaconda.org/conda-forge/noarch/tqdm-4.66.1-py_0.conda"
GIT = f"git+https://github.com/owner/bees@{'0' * 40}"
WHEEL = "https://example.org/wax-1.0-py3-none-any.whl"
WITHOUT_HASHES = f"""\
version: 6
environments:
  default:
    channels:
    - url: https://conda.anaconda.org/conda-forge/
    indexes:
    - https://pypi.org/simple
    packages:
      linux-64:
      - conda: {URL}
      - pypi: ./lib
      - pypi: {WHEEL}
      - pypi: {GIT}
packages:
- conda: {URL}
  sha256: {"a" * 64}
  md5: {"b" * 32}
- pypi: ./lib
  name: lib
  version: 0.1.0
  editable: true
- pypi: {WHEEL}
  name: wax
  version: 1.0.0
- pypi: {GIT}
  name: bees
  version: 1.0.0
"""


@pytest.mark.parametrize(
    "words",
    [
        ("plan", "--lock", "pixi.lock", "--platform", "linux-64"),
        ("diff", "pixi.lock", "pixi.lock"),
        ("size", "--lock", "pixi.lock", "--platform", "linux-64"),
        ("export", "--format", "explicit", "--lock", "pixi.lock", "--platform", "linux-64"),
        ("export", "--format", "environment", "--lock", "pixi.lock", "--platform", "linux-64"),
        ("export", "--format", "conda-lock", "--lock", "pixi.lock"),
    ],
    ids=lambda words: " ".join(words[:3]),
)
def test_packages_without_hashes_are_read(
    strata: Strata, project: Path, words: tuple[str, ...]
) -> None:
    """``diff`` ends with 0: exit code 1 would mean that the two differ."""
    (project / "pixi.lock").write_text(WITHOUT_HASHES)
    done = strata(*words)
    assert done.returncode == 0, done.stderr
    if words[0] == "export":
        assert "on no index, and so left out of the export: bees, lib" in done.stderr
        assert WHEEL in done.stdout
        assert "./lib" not in done.stdout
        assert "github.com" not in done.stdout


def test_exports_name_the_subdir_and_the_packages_left_out(strata: Strata, project: Path) -> None:
    (project / "pixi.lock").write_text(LOCK)
    words = ("export", "--lock", "pixi.lock", "--format")
    for form in ("explicit", "environment"):
        done = strata(*words, form, "--platform", "osx-arm64")
        assert done.returncode == 0, done.stderr
        assert "own: pixi builds that from source; strata leaves it out" in done.stderr
        assert "osx-arm64" in done.stdout
        assert "mac" not in done.stdout.replace("osx", "")
    text = (project / "pixi.lock").read_text()
    (project / "pixi.lock").write_text(text.replace("  sha256: ", f"  md5: {'c' * 32}\n  sha256: "))
    done = strata(*words, "conda-lock")
    assert done.returncode == 0, done.stderr
    found = yaml.safe_load(done.stdout)
    assert found["metadata"]["platforms"] == ["linux-64", "osx-arm64"]
    assert {package["platform"] for package in found["package"]} == {"linux-64", "osx-arm64"}


def test_byte_order_mark_of_a_lock_is_no_damage(strata: Strata, project: Path) -> None:
    strata("lock")
    lock = project / "strata.lock"
    lock.write_bytes(b"\xef\xbb\xbf" + lock.read_bytes())
    assert strata("check").returncode == 0
    assert strata("install").returncode == 0
