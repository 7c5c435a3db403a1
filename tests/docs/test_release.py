"""A release, from ``python -m release prepare`` to an installation from a package index."""

from __future__ import annotations

import datetime
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import uv
import yaml

from release import git
from release.pins import installed, name_the_workflows, requirement

HERE = Path(__file__).parents[2]
WORKFLOWS = HERE / ".github/workflows"


def _release(folder: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "release", *words],
        cwd=folder,
        env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "PYTHONPATH": str(folder), **env},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone of this repository on main, with one unreleased change."""
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "Someone")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "someone@example.org")
    folder = tmp_path / "checkout"
    names = git.call(HERE, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in names.rstrip("\0").split("\0"):
        if (HERE / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(HERE / name, folder / name)
    log = folder / "CHANGELOG.md"
    log.write_text("# Changelog\n\n## [Unreleased]\n\n### Added\n\n- The first line.\n", "utf-8")
    for version in ("0.1.0", "99.1.0", "99.2.0"):
        page = folder / f"docs/migrations/{version}.md"
        page.write_text(f"# To {version}\n\nNothing is to be done.\n", "utf-8")
    git.call(folder, "init", "--quiet", "--initial-branch=main")
    git.call(folder, "add", "--all", "--force")
    git.call(folder, "commit", "--quiet", "--message=Start")
    return folder


@pytest.fixture
def index(tmp_path: Path) -> Iterator[str]:
    """A package index on loopback that takes uploads."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path / "index"
    folder.mkdir()
    words = ["run", "--interface=127.0.0.1", f"--port={port}", "--disable-fallback"]
    server = subprocess.Popen(
        [sys.executable, "-m", "pypiserver", *words, "-P.", "-a.", str(folder)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(100):
            try:
                urllib.request.urlopen(f"{url}/simple/", timeout=1).close()  # noqa: S310
                break
            except OSError:
                time.sleep(0.1)
        yield url
    finally:
        server.terminate()
        server.wait()


def test_a_release_from_the_command_to_an_installation(
    checkout: Path, index: str, tmp_path: Path
) -> None:
    done = _release(checkout, "prepare", "99.1.0")
    assert done.returncode == 0, done.stdout + done.stderr

    # One commit and its tag, and what it changed.
    assert git.call(checkout, "log", "-1", "--format=%s", "v99.1.0") == "Release 99.1.0"
    assert git.call(checkout, "status", "--porcelain") == ""
    assert "git push origin v99.1.0" in done.stdout
    log = (checkout / "CHANGELOG.md").read_text("utf-8")
    day = datetime.datetime.now(datetime.UTC).date()
    assert f"## [Unreleased]\n\n## [99.1.0] - {day}\n\n### Added\n\n- The first line.\n" in log
    assert json.loads((checkout / "cookiecutter.json").read_text())["__strata"] == (
        "conda-strata==99.1.0"
    )
    citation = yaml.safe_load((checkout / "CITATION.cff").read_text("utf-8"))
    assert (citation["version"], citation["date-released"]) == ("99.1.0", str(day))
    assert installed(checkout) == {page: {"conda-strata==99.1.0"} for page in installed(HERE)}

    # The files have the version, and an index takes them.
    files = sorted((checkout / "dist").iterdir())
    assert [file.name for file in files] == [
        "conda_strata-99.1.0-py3-none-any.whl",
        "conda_strata-99.1.0.tar.gz",
    ]
    with zipfile.ZipFile(files[0]) as wheel:
        (name,) = (name for name in wheel.namelist() if name.endswith("/METADATA"))
        readme = wheel.read(name).decode()
    assert "](https://github.com/leej3/ds-cookiecutter/blob/main/docs/" in readme
    assert re.findall(r"\]\((?!https://)[^)]*\)", readme) == [], "links that PyPI cannot follow"
    upload = ["upload", "--non-interactive", "--disable-progress-bar", f"--repository-url={index}"]
    subprocess.run(
        [sys.executable, "-m", "twine", *upload, "--username=a", "--password=b", *map(str, files)],
        check=True,
        capture_output=True,
    )

    # What a generated project asks for is what the index has, and it runs.
    target = tmp_path / "installed"
    install = ["install", "--quiet", "--no-deps", f"--index-url={index}/simple", "--no-config"]
    subprocess.run(
        [uv.find_uv_bin(), "pip", *install, f"--target={target}", f"--python={sys.executable}"]
        + [requirement(checkout)],
        check=True,
        env={**os.environ, "UV_CACHE_DIR": str(tmp_path / "cache")},
    )
    said = subprocess.run(
        [sys.executable, "-m", "conda_strata", "--version"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(target)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert "99.1.0" in said.stdout

    # The next one is refused while nothing is new, and an old one for ever.
    assert "says nothing under" in _release(checkout, "prepare", "99.2.0").stderr
    assert "is not newer than 99.1.0" in _release(checkout, "prepare", "99.1.0").stderr
    assert _release(checkout, "notes", "v99.1.0").stdout == "### Added\n\n- The first line.\n"


def _dirty(folder: Path) -> None:
    (folder / "README.md").write_text("changed\n", "utf-8")


def _untracked(folder: Path) -> None:
    (folder / "new.txt").write_text("new\n", "utf-8")


def _nothing_new(folder: Path) -> None:
    log = folder / "CHANGELOG.md"
    log.write_text("# Changelog\n\n## [Unreleased]\n\n### Added\n", "utf-8")
    git.commit(folder, "Nothing", [log.name])


def _other_branch(folder: Path) -> None:
    git.call(folder, "switch", "--quiet", "--create=other")


def _no_migration(folder: Path) -> None:
    git.call(folder, "rm", "--quiet", "docs/migrations/0.1.0.md")
    git.call(folder, "commit", "--quiet", "--message=No page")


def _newer_tag(folder: Path) -> None:
    git.call(folder, "tag", "v0.2.0")


def _broken_build(folder: Path) -> None:
    (folder / "pyproject.toml").write_text("[build-system\n", "utf-8")
    git.commit(folder, "Broken", ["pyproject.toml"])


@pytest.mark.parametrize(
    ("spoil", "version", "message"),
    [
        (_dirty, "0.1.0", "not committed:\nM README.md"),
        (_untracked, "0.1.0", "not committed:\n?? new.txt"),
        (_nothing_new, "0.1.0", "CHANGELOG.md says nothing under '## [Unreleased]'"),
        (_other_branch, "0.1.0", "this is the branch 'other'"),
        (_newer_tag, "0.1.0", "0.1.0 is not newer than 0.2.0"),
        (_no_migration, "0.1.0", "there is no docs/migrations/0.1.0.md"),
        (_broken_build, "0.1.0", "'python -m build' failed"),
        (None, "v0.1.0", "'v0.1.0' is no version to release"),
        (None, "0.1.0.dev1", "'0.1.0.dev1' is no version to release"),
    ],
)
def test_a_refusal_changes_nothing(
    checkout: Path, spoil: object, version: str, message: str
) -> None:
    if callable(spoil):
        spoil(checkout)
    before = _state(checkout)
    done = _release(checkout, "prepare", version)

    assert done.returncode == 1, done.stdout
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert _state(checkout) == before


def _state(folder: Path) -> list[str]:
    asked = (["rev-parse", "HEAD"], ["status", "--porcelain"], ["tag", "--list"], ["diff"])
    return [git.call(folder, *words) for words in asked]


def test_pages_install_what_generated_projects_do() -> None:
    """A commit or a version, never the head of a branch, from the one place that says it."""
    pages = installed(HERE)

    assert {"README.md", "docs/tutorial/index.md", "docs/how-to/adopt.md"} <= pages.keys()
    assert pages == {page: {requirement(HERE)} for page in pages}, "nox -s pin -- COMMIT"
    head = re.compile(r"archive/(refs/heads/|main|HEAD)")
    shown = [name for name in git.files(HERE, "*.md") if head.search((HERE / name).read_text())]
    assert shown == []


def test_a_pin_is_named_in_the_template_and_in_the_pages(checkout: Path) -> None:
    commit = git.call(checkout, "rev-parse", "HEAD")

    done = _release(checkout, "pin")

    assert done.returncode == 0, done.stderr
    questions = json.loads((checkout / "cookiecutter.json").read_text("utf-8"))
    assert questions["_pin"] == f"{commit} # unreleased"
    assert requirement(checkout).endswith(f"/archive/{commit}.zip")
    assert installed(checkout) == {page: {requirement(checkout)} for page in installed(HERE)}
    again = _release(checkout, "pin", commit)
    assert again.stdout == "changed: nothing\n"
    wrong = _release(checkout, "pin", "nowhere")
    assert (wrong.returncode, wrong.stderr) == (1, "release: 'nowhere' is no commit\n")


def test_generated_projects_call_the_workflows_of_the_release(checkout: Path) -> None:
    """The commit after the tag names the tagged commit."""
    commit = git.call(checkout, "rev-parse", "HEAD")

    changed = name_the_workflows(checkout, "0.1.0", commit)

    assert {"cookiecutter.json", ".github/workflows/project-images.yml"} <= set(changed)
    questions = json.loads((checkout / "cookiecutter.json").read_text("utf-8"))
    assert questions["_pin"] == f"{commit} # v0.1.0"
    called = (checkout / ".github/workflows/project-images.yml").read_text("utf-8")
    assert f"leej3/ds-cookiecutter/.github/actions/login@{commit} # v0.1.0\n" in called


def test_the_workflow_publishes_what_was_tested_and_attested() -> None:
    workflow = yaml.safe_load((WORKFLOWS / "release.yml").read_text("utf-8"))
    jobs = workflow["jobs"]

    assert jobs["attest"]["needs"] == ["test", "build"]
    assert jobs["pypi"]["needs"] == ["attest"]
    assert jobs["github"]["needs"] == ["pypi"]
    assert jobs["pypi"]["environment"]["name"] == "pypi"
    assert workflow["permissions"] == {}
    # PyPI's trust is in the one job that runs nothing of this repository.
    assert jobs["pypi"]["permissions"] == {"id-token": "write"}
    assert not any("checkout" in step.get("uses", "") for step in jobs["pypi"]["steps"])
    called = yaml.safe_load((WORKFLOWS / "ci.yml").read_text("utf-8"))
    assert "workflow_call" in called[True], "'on' is a boolean to YAML 1.1"
    asked = {need for job in called["jobs"].values() for need in job["permissions"].items()}
    assert asked <= set(jobs["test"]["permissions"].items())
