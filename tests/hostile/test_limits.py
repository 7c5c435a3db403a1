"""Deep, long and repeated things end soon, in one message."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.conftest import Strata
from tests.support.lock_files import write_lock

PLAN = ("plan", "--lock", "odd.lock", "--platform", "linux-64")
DEPTHS = {
    "brackets": "[" * 300_000,
    "braces": "{a: " * 300_000,
    "lines": "[\n" * 100_000,
    "mixed": "[{a: " * 100_000,
    "ends in quotes": '["]", ' * 100_000,
    "ends in comments": "[ # ]\n" * 100_000,
    "ends in single quotes": "[ ']', " * 100_000,
    "dashes": "- " * 100_000,
    "questions": "? " * 100_000,
}


@pytest.mark.parametrize("text", DEPTHS.values(), ids=DEPTHS)
@pytest.mark.parametrize("place", ["x: ", "  purls: "])
def test_locks_nested_deep(strata: Strata, project: Path, place: str, text: str) -> None:
    lock = project / "odd.lock"
    write_lock(lock, {"default": {"linux-64": ["python-3.12.1-0"]}})
    lock.write_text(f"{lock.read_text()}{place}\n    {text}\n")
    start = time.monotonic()
    done = strata(*PLAN)
    assert time.monotonic() - start < 10
    assert done.returncode == 3
    assert "odd.lock" in done.stderr
    assert len(done.stderr) < 1000


def test_a_lock_of_many_short_lists_is_read(strata: Strata, project: Path) -> None:
    lock = project / "odd.lock"
    write_lock(lock, {"default": {"linux-64": ["python-3.12.1-0"]}})
    more = "".join(f"  - a{i}[version='>=1', build=x]\n" for i in range(1000))
    lock.write_text(lock.read_text().replace("depends: []\n", f"depends:\n{more}", 1))
    assert strata(*PLAN).returncode == 0


VIRTUAL = {
    "escape in a name": '{"__\\e[2J": "1"}',
    "command in a name": '{"__a\\n::error::b": "1"}',
    "escape in a version": '{__cuda: "1\\e[2J"}',
    "command in a version": '{__cuda: "1\\n::error::x"}',
    "long version": '{__cuda: "' + "1." * 3000 + '1"}',
    "build": '{__cuda: "1 a\\tb"}',
    "digits": "{__cuda: " + "9" * 6000 + "}",
    "capitals": '{__CUDA: "1"}',
    "path": '{__../../x: "1"}',
    "nothing": '{__: "1"}',
}


@pytest.mark.parametrize("packages", VIRTUAL.values(), ids=VIRTUAL)
def test_virtual_packages(strata: Strata, project: Path, packages: str) -> None:
    text = f"subdirs: {{linux-64: {{packages: {packages}}}}}\n"
    (project / "virtual-packages.yml").write_text(text)
    done = strata("lock", GITHUB_ACTIONS="true")
    assert done.returncode == 3
    assert "virtual-packages.yml" in done.stderr
    assert "unexpected" not in done.stderr
    assert all(c.isprintable() or c == "\n" for c in done.stderr)
    assert not any(line.lstrip().startswith("::") for line in done.stderr.splitlines())


CONFIGURATION = {
    "lists": "a = " + "[" * 5000,
    "tables": "a = " + "{a=" * 5000,
    "no indexes": "index = [1, [[]]]",
}


@pytest.mark.parametrize("text", CONFIGURATION.values(), ids=CONFIGURATION)
def test_configuration_of_uv(strata: Strata, project: Path, text: str) -> None:
    file = project.parent / ".config/uv/uv.toml"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    assert strata("lock").returncode == 0
    done = strata("check")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "note",
    [
        '{"folders": 5, "links": {}, "scripts": [], "noarch": false}',
        '{"folders": [], "links": [], "scripts": [], "noarch": false}',
        '{"folders": [], "links": {}, "scripts": "x", "noarch": false}',
        '{"folders": [], "links": {}, "scripts": [], "noarch": 1}',
        "[" * 100_000,
        "1" * 6000,
        '"\ud83d"',
    ],
    ids=["folders", "links", "scripts", "noarch", "deep", "digits", "half a character"],
)
def test_notes_in_the_cache_that_are_none(strata: Strata, project: Path, note: str) -> None:
    """The package is looked into again."""
    assert strata("lock").returncode == 0
    assert strata("install").returncode == 0
    notes = list(project.parent.glob("cache/pkgs/.strata_vetted_*/*.json"))
    assert notes
    for file in notes:
        file.write_bytes(note.encode("utf-8", "surrogatepass"))
    done = strata("install", "--prefix", "again")
    assert done.returncode == 0, done.stderr
    assert "unexpected" not in strata("lock").stderr


SETTINGS = {
    "comments": "/* " * 300_000,
    "comments in turn": "/*" * 300_000,
    "backslashes": '"' + "\\" * 600_001,
    "names": '"image": "' * 100_000,
    "escaped quotes": '\\"' * 300_000,
    "white space": '"image"' + " " * 500_000,
}


@pytest.mark.parametrize("text", SETTINGS.values(), ids=SETTINGS)
def test_settings_of_an_editor(strata: Strata, project: Path, text: str) -> None:
    folder = project / ".devcontainer"
    folder.mkdir()
    (folder / "devcontainer.json").write_text(text)
    start = time.monotonic()
    assert strata("doctor", "--offline").returncode in {0, 1}
    assert time.monotonic() - start < 15
