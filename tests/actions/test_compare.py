"""The action ``compare``, with the real gh: what main says of a pull request's images, which may lie."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rig.github.server import HOST, Repository, repository
from tests.support.page import shown
from tests.template.conftest import TEMPLATE

MERGE, HEAD = "a" * 40, "b" * 40
DEV, RUNTIME, OTHER = (f"sha256:{letter * 64}" for letter in "012")
IMAGE = "ghcr.io/octo/study"


@pytest.fixture
def github(tmp_path: Path) -> Iterator[Repository]:
    with repository("octo/study", tmp_path) as made:
        made.merged[MERGE] = HEAD
        made.tested[HEAD] = tmp_path
        yield made


def kept(github: Repository, text: str) -> None:
    """Have the pull request's run keep *text* as its digests."""
    folder = github.tested[HEAD] / "digests"
    folder.mkdir(exist_ok=True)
    (folder / "digests.json").write_text(text, "utf-8")


def compare(github: Repository, tmp_path: Path, **env: str) -> tuple[str, str]:
    """Return what the run's summary and its log say then."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    assert shutil.which("gh", path=path), "gh is not installed"
    summary = tmp_path / "summary.md"
    done = subprocess.run(
        [sys.executable, "-I", TEMPLATE / ".github/actions/compare/compare.py"],
        env={
            "PATH": path,
            "HOME": str(tmp_path),
            "DEV": f"{IMAGE}@{DEV}",
            "RUNTIME": f"{IMAGE}@{RUNTIME}",
            "GH_HOST": HOST,
            "GH_TOKEN": "x",
            "GITHUB_REPOSITORY": "octo/study",
            "GITHUB_SHA": MERGE,
            "GITHUB_STEP_SUMMARY": str(summary),
            "http_proxy": github.address,
            **env,
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return summary.read_text("utf-8") if summary.exists() else "", done.stdout


def test_the_same(github: Repository, tmp_path: Path) -> None:
    kept(github, json.dumps({"dev": DEV, "runtime": RUNTIME}))
    said, log = compare(github, tmp_path)
    assert said == "\nPull request #1 tested the same images.\n"
    assert log == ""


def test_another(github: Repository, tmp_path: Path) -> None:
    kept(github, json.dumps({"dev": OTHER, "runtime": RUNTIME}))
    said, log = compare(github, tmp_path)
    assert f"dev {OTHER} {DEV}".split() == shown(said).words.split()[-3:]
    assert log == "::notice title=Images::main made other images than pull request #1 tested\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        json.dumps({"dev": DEV}),
        json.dumps({"dev": DEV, "runtime": 1}),
        json.dumps({"dev": DEV, "runtime": f"{RUNTIME}\n::error::x"}),
        json.dumps({"dev": "[x](http://evil)", "runtime": RUNTIME}),
        "[" * 9_000,
        "x" * 1_000_000,
    ],
    ids=["empty", "list", "none", "one", "number", "command", "link", "nested", "large"],
)
def test_whatever_a_pull_request_writes_is_no_more_than_a_digest(
    github: Repository, tmp_path: Path, text: str
) -> None:
    kept(github, text)
    said, log = compare(github, tmp_path)
    assert said == ""
    assert log.startswith("Nothing is compared: ")
    assert len(log.splitlines()) == 1


def test_large_artifact_is_not_read(github: Repository, tmp_path: Path) -> None:
    kept(github, json.dumps({"dev": DEV, "runtime": RUNTIME}))
    (tmp_path / "digests" / "more").write_bytes(os.urandom(100_000))
    said, log = compare(github, tmp_path)
    assert said == ""
    assert "too long" in log


def test_there_is_nothing_to_compare_with(github: Repository, tmp_path: Path) -> None:
    """No merge, no artifact, no GitHub."""
    for env, reason in (
        ({"GITHUB_SHA": "c" * 40}, "this commit is no merge of a pull request"),
        ({}, "its runs have no artifact 'digests', or no longer"),
        ({"http_proxy": "http://127.0.0.1:9"}, "failed"),
    ):
        said, log = compare(github, tmp_path, **env)
        assert (said, log.startswith("Nothing is compared: "), reason in log) == ("", True, True)
    github.tested.clear()
    assert compare(github, tmp_path)[0] == ""


def test_archive_of_another_kind(github: Repository, tmp_path: Path) -> None:
    kept(github, "x")
    (tmp_path / "digests" / "digests.json").rename(tmp_path / "digests" / "other.json")
    said, log = compare(github, tmp_path)
    assert (said, "not understood" in log) == ("", True)
