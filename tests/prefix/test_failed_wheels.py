"""A wheel that cannot be had leaves the conda packages whole: the next installation goes on there."""

# ruff: noqa: F811 - the fixtures of test_pip are used here too
from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import HandMadeChannel, Strata
from tests.solve.test_pip import channel, index, locked, write  # noqa: F401 - fixtures
from tests.support import python_index

NOTE = ".conda/conda-meta/strata-unfinished"


@pytest.fixture(autouse=True)
def _index(index: python_index.PythonIndex) -> python_index.PythonIndex:
    return index


def _linked(project: Path) -> dict[str, int]:
    """Return the files of conda packages with their inodes, which linking anew changes."""
    return {
        str(file): file.stat().st_ino
        for folder in ("bin", "share", "conda-meta")
        for file in (project / ".conda" / folder).glob("*.*")
        if not file.name.startswith("strata")
    }


def test_build_that_fails_is_repeated_alone(
    strata: Strata,
    project: Path,
    channel: HandMadeChannel,
    index: python_index.PythonIndex,
    tmp_path: Path,
) -> None:
    index.add_source("only-sources", "1.0", ["colors"])
    write(project, channel, ["only-sources"])
    file = project / "environment.yml"
    file.write_text(f"{file.read_text()}build: [only-sources]\n")
    noted = str(tmp_path / "builds.txt")
    assert strata("lock", BUILDS=noted).returncode == 0
    failed = strata("install", BUILDS="/nowhere/builds.txt")
    assert failed.returncode == 1
    assert "only-sources 1.0 (build:) cannot be built" in failed.stderr
    assert not (project / NOTE).exists()
    before = _linked(project)
    assert before
    done = strata("install", BUILDS=noted)
    assert done.returncode == 0, done.stderr
    assert "broken off" not in done.stderr
    assert _linked(project) == before
    said = strata("run", "--", "python", "-c", "import only_sources as o; print(o.built)")
    assert said.stdout == "True\n"


def test_download_that_fails_is_repeated_alone(
    strata: Strata, project: Path, channel: HandMadeChannel, index: python_index.PythonIndex
) -> None:
    write(project, channel, ["colors"])
    assert strata("lock").returncode == 0
    wheel = index.folder / "colors-2.0-py3-none-any.whl"
    content = wheel.read_bytes()
    wheel.write_bytes(b"something else")
    assert strata("install").returncode == 6
    assert not (project / NOTE).exists()
    before = _linked(project)
    wheel.write_bytes(content)
    done = strata("install")
    assert done.returncode == 0, done.stderr
    assert "broken off" not in done.stderr
    assert _linked(project) == before
