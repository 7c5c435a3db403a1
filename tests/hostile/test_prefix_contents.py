"""A prefix that came with somebody's repository: nothing out of it is written or deleted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Strata

PREFIX = ".conda"


@pytest.fixture
def locked(strata: Strata, project: Path) -> Path:
    """A project with a lock and variables; around it are things that nobody may touch."""
    file = project / "environment.yml"
    file.write_text(file.read_text() + "variables: {GREETING: hello}\n")
    assert strata("lock").returncode == 0
    outside = project.parent / "outside"
    outside.mkdir()
    (outside / "mine.txt").write_text("mine\n")
    (project / "ours.txt").write_text("ours\n")
    return project


def around(project: Path) -> dict[str, str]:
    """Return the files that are neither the prefix's nor the caches'."""
    places = [project.parent / "outside", project]
    found = {}
    for place in places:
        for path in place.rglob("*"):
            if path.is_file() and PREFIX not in path.relative_to(place).parts:
                found[str(path)] = path.read_text()
    return found


def refused(strata: Strata, project: Path, said: str, *words: str) -> None:
    before = around(project)
    done = strata("install", *words)
    assert done.returncode == 1, done.stdout
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert said in errors[0]
    assert "unexpected" not in done.stderr
    assert "Traceback" not in done.stderr
    assert "panicked" not in done.stderr
    assert len(done.stderr) < 2000
    assert all(c.isprintable() or c == "\n" for c in done.stderr)
    assert around(project) == before


def record(project: Path, *files: str, name: str = "evil", **more: Any) -> None:
    meta = project / PREFIX / "conda-meta"
    meta.mkdir(parents=True, exist_ok=True)
    paths = [{"_path": path, "path_type": "hardlink"} for path in files]
    described: dict[str, Any] = {
        "name": name,
        "version": "1.0",
        "build": "0",
        "build_number": 0,
        "subdir": "linux-64",
        "depends": [],
        "files": list(files),
        "paths_data": {"paths_version": 1, "paths": paths},
        "url": f"https://evil.example/linux-64/{name}-1.0-0.conda",
        "fn": f"{name}-1.0-0.conda",
        "channel": "https://evil.example",
        **more,
    }
    (meta / f"{name}-1.0-0.json").write_text(json.dumps(described))


OUTSIDE = [
    "../ours.txt",
    "../../outside/mine.txt",
    "share/../../ours.txt",
    "./../ours.txt",
    "OUTSIDE/mine.txt",
    "link/mine.txt",
    "link/../ours.txt",
    "deep/link/mine.txt",
    "a\0b",
]


@pytest.mark.parametrize("note", [None, "changed"])
@pytest.mark.parametrize("path", OUTSIDE)
def test_records_name_only_files_of_the_prefix(
    strata: Strata, locked: Path, path: str, note: str | None
) -> None:
    outside = locked.parent / "outside"
    record(locked, "share/evil.txt", path.replace("OUTSIDE", str(outside)))
    (locked / PREFIX / "link").symlink_to(outside)
    (locked / PREFIX / "deep").mkdir()
    (locked / PREFIX / "deep/link").symlink_to("../../../outside")
    if note:
        (locked / PREFIX / "conda-meta/strata-unfinished").write_text(note)
    refused(strata, locked, "evil-1.0-0.json names ")


@pytest.mark.parametrize("place", ["files", "paths_data"])
def test_each_of_the_two_lists_counts(strata: Strata, locked: Path, place: str) -> None:
    bad = ["../ours.txt"]
    paths = {"paths_version": 1, "paths": [{"_path": bad[0], "path_type": "hardlink"}]}
    more: dict[str, Any] = {place: bad if place == "files" else paths}
    record(locked, "share/x", **more)
    refused(strata, locked, "evil-1.0-0.json names ../ours.txt")


def test_a_record_in_the_name_of_a_locked_package(strata: Strata, locked: Path) -> None:
    """It has another SHA-256, and so the package is replaced."""
    record(locked, "../ours.txt", name="frames", sha256="0" * 64)
    meta = locked / PREFIX / "conda-meta"
    (meta / "frames-1.0-0.json").rename(meta / "frames-1.0-h0_0.json")
    refused(strata, locked, "frames-1.0-h0_0.json names ../ours.txt")


def test_an_honest_record_of_another_package_is_removed(strata: Strata, locked: Path) -> None:
    record(locked, "share/evil.txt")
    evil = locked / PREFIX / "share/evil.txt"
    evil.parent.mkdir()
    evil.write_text("x")
    done = strata("install")
    assert done.returncode == 0, done.stderr
    assert not evil.exists()


UNREADABLE = {
    "deep": b"[" * 100_000,
    "null": b"null",
    "list": b"[]",
    "text": b'"x"',
    "long number": b'{"name": "x", "files": ' + b"1" * 6000 + b"}",
    "number of files": b'{"name": "frames", "files": 5}',
    "no text": b"\xff\xfe",
    "nothing": b"",
    "control characters": b'{"name": "\x1b[2J"}',
    "escapes": b'{"name": "a\\u001b[2J\\n::error::b", "version": "1"}',
}


@pytest.mark.parametrize("data", UNREADABLE.values(), ids=UNREADABLE)
def test_records_that_cannot_be_read(strata: Strata, locked: Path, data: bytes) -> None:
    meta = locked / PREFIX / "conda-meta"
    meta.mkdir(parents=True)
    (meta / "evil-1.0-0.json").write_bytes(data)
    refused(strata, locked, "holds a record that cannot be read")
    assert strata("doctor", "--offline").returncode == 1


@pytest.mark.parametrize("name", ["conda-meta", "conda-meta/state", "conda-meta/strata-unfinished"])
@pytest.mark.parametrize("dangling", [False, True])
def test_links_in_the_place_of_our_own_files(
    strata: Strata, locked: Path, name: str, *, dangling: bool
) -> None:
    outside = locked.parent / "outside"
    link = locked / PREFIX / name
    link.parent.mkdir(parents=True)
    kind = "folder" if name == "conda-meta" else "file"
    target = outside / ("new" if dangling else {"folder": ".", "file": "mine.txt"}[kind])
    link.symlink_to(target)
    before = around(locked)
    done = strata("install")
    assert "unexpected" not in done.stderr
    assert around(locked) == before
    assert not (outside / "new").exists()


@pytest.mark.parametrize("folder", ["etc", "etc/conda", "etc/conda/activate.d"])
def test_variables_are_written_through_no_link(strata: Strata, locked: Path, folder: str) -> None:
    link = locked / PREFIX / folder
    link.parent.mkdir(parents=True)
    (locked / PREFIX / "conda-meta").mkdir()
    link.symlink_to(locked.parent / "outside")
    refused(strata, locked, "leads out of")


def test_a_link_to_a_folder_that_is_no_environment(strata: Strata, locked: Path) -> None:
    (locked / PREFIX).symlink_to(locked.parent / "outside")
    refused(strata, locked, "which is no environment")


def test_a_link_to_an_empty_folder_or_an_environment(strata: Strata, locked: Path) -> None:
    """Where homes are small, people keep environments on another disk."""
    disk = locked.parent / "disk"
    disk.mkdir()
    (locked / PREFIX).symlink_to(disk)
    assert strata("install").returncode == 0
    assert strata("install").returncode == 0
    assert (disk / "conda-meta/state").is_file()


@pytest.mark.parametrize("data", [b"\xff", b"", b"x" * 100_000, b"new\n", b"\0"])
def test_notes_of_others(strata: Strata, locked: Path, data: bytes) -> None:
    meta = locked / PREFIX / "conda-meta"
    meta.mkdir(parents=True)
    (meta / "strata-unfinished").write_bytes(data)
    (meta / "strata-link-scripts").write_bytes(data)
    before = around(locked)
    assert strata("install").returncode == 0
    assert around(locked) == before


DIRECT_URLS = {
    "no URL": '{"archive_info": {}}',
    "list": "[]",
    "list of it": '["archive_info"]',
    "deep": "[" * 100_000,
    "damaged": "{",
    "null": "null",
    "number": '{"archive_info": 1, "url": 5}',
}


@pytest.mark.parametrize("data", DIRECT_URLS.values(), ids=DIRECT_URLS)
def test_wheels_that_say_odd_things_of_their_place(strata: Strata, locked: Path, data: str) -> None:
    info = locked / PREFIX / "lib/python3.11/site-packages/evil-1.dist-info"
    info.mkdir(parents=True)
    (info / "INSTALLER").write_text("strata")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: evil\nVersion: 1\n")
    (info / "RECORD").write_text("../../../../../outside/mine.txt,,\n")
    (info / "direct_url.json").write_text(data)
    before = around(locked)
    done = strata("install")
    assert done.returncode == 0, done.stderr
    assert around(locked) == before


NAMES = ["\x1b[2J", "a\n::error::x", "\u202eb", "##[error]c", "d\u200be", "\x85", "f\r"]


@pytest.mark.parametrize("name", NAMES)
def test_names_of_records_are_shown_as_text(strata: Strata, locked: Path, name: str) -> None:
    assert strata("install").returncode == 0
    (locked / PREFIX / f"conda-meta/{name}-1-0.json").write_text("{}")
    for words in (("doctor", "--offline"), ("install",)):
        done = strata(*words, GITHUB_ACTIONS="true")
        assert done.returncode == 1
        for text in (done.stdout, done.stderr):
            assert all(c.isprintable() or c == "\n" for c in text)
            assert "##[" not in text
            assert not any(line.lstrip().startswith("::") for line in text.splitlines())
