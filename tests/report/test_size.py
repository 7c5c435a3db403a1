"""What ``strata size`` says."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from conda_strata.cli.commands import size as command
from conda_strata.core import sizes
from conda_strata.core.errors import UsageError
from conda_strata.lock.model import Lock
from conda_strata.report.size import measure as size
from conda_strata.report.size import text as size_report
from tests.conftest import HandMadeChannel, Strata, git, write_environment
from tests.support.lock_files import Conda, Pip, real_locks, write_lock

__all__ = ["real_locks"]

MB = 10**6


@dataclass
class Sized(Conda):
    """A conda package with its size in megabytes."""

    size: float | None = None

    def entry(self) -> dict[str, object]:
        known = {} if self.size is None else {"size": round(self.size * MB)}
        return super().entry() | known


def package(identity: str, megabytes: float | None, *depends: str) -> Sized:
    return Sized(identity, depends, size=megabytes)


STACK = [
    package("blas-1.0-0", 0.02, "mkl"),
    package("mkl-2024.2-0", 60, "_openmp >=4.5"),
    package("numba-0.60-0", 25, "llvmlite", "numpy >=2"),
    package("llvmlite-0.43-0", 10),
    package("numpy-2.1-0", 5, "blas"),
]
"""Together 100.02 MB."""


def write(project: Path, *packages: Conda | Pip, name: str = "strata.lock") -> str:
    return write_lock(project / name, {"default": {"linux-64": packages}})


def run(strata: Strata, *words: str) -> subprocess.CompletedProcess[str]:
    return strata("size", "--platform", "linux-64", *words, COLUMNS="80", STRATA_ENV="default")


def test_biggest_first_and_why(strata: Strata, project: Path, channel: HandMadeChannel) -> None:
    """Why a package is there: the line that asks for it, or the packages that need it."""
    write(project, *STACK)
    write_environment(project, channel, ["numba", "numpy >=2"])
    done = run(strata, "--top", "4")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "5 conda packages, 100.0 MB to download (default, linux-64)",
        "",
        "biggest:",
        "    60.0 MB  60.0%  mkl 2024.2     needed by blas",
        "    25.0 MB  25.0%  numba 0.60     environment.yml:4: numba",
        "    10.0 MB  10.0%  llvmlite 0.43  needed by numba",
        "     5.0 MB   5.0%  numpy 2.1      environment.yml:5: numpy >=2",
        "    20.0 kB   0.0%  the other package",
    ]
    last = "    20.0 kB   0.0%  blas 1.0       needed by numpy"
    assert run(strata).stdout.splitlines()[-1] == last


def test_without_environment_file(strata: Strata, project: Path) -> None:
    """Lock files are enough."""
    (project / "environment.yml").unlink()
    write(project, *STACK, package("tool-1-0", 1, "blas"), package("other-1-0", 1, "blas"))
    lines = run(strata).stdout.splitlines()
    assert any(line.endswith("numba 0.60     no other package needs it") for line in lines)
    assert any(line.endswith("blas 1.0       needed by numpy, +2") for line in lines)


def test_environment_file_beside_the_lock(
    strata: Strata, project: Path, channel: HandMadeChannel
) -> None:
    other = project / "other"
    other.mkdir()
    write_environment(other, channel, ["mkl"])
    write(other, *STACK)
    assert "other/environment.yml:4: mkl" in run(strata, "--lock", "other/strata.lock").stdout


def test_what_has_no_size_is_said(strata: Strata, project: Path) -> None:
    """A lock knows no wheel's size; nothing is silently taken for zero."""
    unsized = package("unsized-1.0-0", None)
    write(project, package("a-1-0", 8), unsized, Pip("w-1.0"), Pip("v-1.0"))
    done = run(strata)
    assert done.stdout.splitlines()[0] == (
        "1 conda package, 8.0 MB to download (default, linux-64)"
    )
    assert done.stdout.splitlines()[-2:] == [
        "not counted, as the lock has no size: 1 conda package: unsized",
        "not counted, as the lock has no size: 2 wheels: v, w",
    ]
    found = json.loads(run(strata, "--json").stdout)
    assert found["not_counted"] == {"conda": ["unsized"], "pip": ["v", "w"]}
    assert "2 wheels" in run(strata, "--format", "markdown").stdout
    write(project, package("a-1-0", 8), Pip("w-1.0"), name="old.lock")
    assert run(strata, "--against", "old.lock").stdout.splitlines()[-2:] == [
        "not counted, as the lock has no size: 1 conda package (0 before): unsized",
        "not counted, as the lock has no size: 2 wheels (1 before): v, w",
    ]


def test_empty(strata: Strata, project: Path) -> None:
    write(project)
    for words in ((), ("--format", "markdown"), ("--json",), ("--limit", "1B")):
        assert run(strata, *words).returncode == 0
    assert run(strata).stdout == "0 conda packages, 0 B to download (default, linux-64)\n"


OLD = [
    package("gone-1.0-0", 7),
    package("same-1.0-0", 50),
    package("bigger-1.0-0", 10),
    package("smaller-1.0-0", 10),
    package("rebuilt-1.0-0", 1),
]
NEW = [
    package("same-1.0-0", 50),
    package("bigger-2.0-0", 40, "new"),
    package("smaller-1.1-0", 8),
    package("rebuilt-1.0-1", 1.5),
    package("new-3.0-0", 20),
]


def test_what_made_it_grow(strata: Strata, project: Path) -> None:
    write(project, *OLD, name="old.lock")
    write(project, *NEW)
    (project / "environment.yml").unlink()
    done = run(strata, "--against", "old.lock", "--top", "4")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[:9] == [
        "5 conda packages, 119.5 MB to download (default, linux-64)",
        "41.5 MB more than old.lock (5 conda packages, 78.0 MB)",
        "",
        "changed:",
        "   +30.0 MB  bigger   bigger 1.0 → 2.0   no other package needs it",
        "   +20.0 MB  added    new 3.0            needed by bigger",
        "    -7.0 MB  removed  gone 1.0",
        "    -2.0 MB  smaller  smaller 1.0 → 1.1  no other package needs it",
        "  +500.0 kB           the other change",
    ]
    back = run(strata, "--lock", "old.lock", "--against", "strata.lock").stdout
    assert back.splitlines()[1] == "41.5 MB less than strata.lock (5 conda packages, 119.5 MB)"
    same = run(strata, "--against", "strata.lock").stdout
    assert same.splitlines()[1] == "as much as strata.lock (5 conda packages, 119.5 MB)"
    assert "changed" not in same


def test_json(strata: Strata, project: Path, channel: HandMadeChannel) -> None:
    """Machines get every package, whatever --top says."""
    write(project, package("a-1-0", 1), package("gone-1-0", 3), name="old.lock")
    write(project, package("a-2-0", 2, "b"), package("b-1-0", 4), Pip("w-1.0"))
    write_environment(project, channel, ["a >1"])
    done = run(strata, "--json", "--top", "1", "--against", "old.lock", "--limit", "5MB")
    assert done.returncode == 1
    a = {
        "name": "a",
        "version": "2",
        "bytes": 2 * MB,
        "asked": "environment.yml:4: a >1",
        "needed_by": [],
    }
    b = {"name": "b", "version": "1", "bytes": 4 * MB, "asked": None, "needed_by": ["a"]}
    was: dict[str, object] = {"version": "1", "asked": None, "needed_by": []}
    gone = {"name": "gone", "bytes": 3 * MB, **was}
    old_a = {"name": "a", "bytes": MB, **was}
    assert json.loads(done.stdout) == {
        "environment": "default",
        "platform": "linux-64",
        "bytes": 6 * MB,
        "limit": 5 * MB,
        "above_limit": True,
        "packages": [b, a],
        "not_counted": {"conda": [], "pip": ["w"]},
        "against": {
            "lock": "old.lock",
            "bytes": 4 * MB,
            "growth": 2 * MB,
            "not_counted": {"conda": [], "pip": []},
            "changes": [
                {"kind": "added", "name": "b", "growth": 4 * MB, "before": None, "after": b},
                {"kind": "removed", "name": "gone", "growth": -3 * MB, "before": gone,
                 "after": None},
                {"kind": "bigger", "name": "a", "growth": MB, "before": old_a, "after": a},
            ],
        },
    }  # fmt: skip
    alone = json.loads(run(strata, "--json").stdout)
    assert (alone["against"], alone["limit"], alone["above_limit"]) == (None, None, False)


def test_limit(strata: Strata, project: Path) -> None:
    """Above it, the report comes all the same, and stderr says which packages are biggest."""
    write(project, *STACK)
    kept = run(strata, "--limit", "101MB")
    assert (kept.returncode, kept.stderr) == (0, "")
    assert kept.stdout.splitlines()[1] == "980.0 kB below the limit of 101MB"
    exact = run(strata, "--limit", "100_020_000")
    assert exact.returncode == 0
    broken = run(strata, "--limit", "80 MB", "--top", "1")
    assert broken.returncode == 1
    assert broken.stdout.splitlines()[1] == "20.0 MB above the limit of 80 MB"
    assert "the other 4 packages" in broken.stdout
    what, fix = broken.stderr.splitlines()
    assert what == (
        "error: default on linux-64 is 100.0 MB, 20.0 MB above the limit of 80 MB; "
        "biggest: mkl (60.0 MB), numba (25.0 MB), llvmlite (10.0 MB)"
    )
    assert fix == (
        "  Drop or replace a package ('strata size' says what needs it), "
        "or raise the limit where it is set."
    )
    by_one = run(strata, "--limit", "100019999")
    assert by_one.returncode == 1
    assert "is 100.0 MB, 1 B above the limit of 100019999" in by_one.stderr


def test_limit_after_growth(strata: Strata, project: Path) -> None:
    """What grew is named, unless nothing did."""
    write(project, *OLD, name="old.lock")
    write(project, *NEW)
    grown = run(strata, "--against", "old.lock", "--limit", "1MB")
    assert (
        "grown most since old.lock: bigger (+30.0 MB), new (+20.0 MB), rebuilt (+500.0 kB)"
        in grown.stderr.splitlines()[0]
    )
    same = run(strata, "--against", "strata.lock", "--limit", "1MB")
    assert "biggest: same (50.0 MB), bigger (40.0 MB), new (20.0 MB)" in same.stderr


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1_000_000", 10**6),
        ("0", 0),
        ("5B", 5),
        ("10kB", 10_000),
        ("800MB", 800 * MB),
        ("800 mb", 800 * MB),
        ("1.5GB", 1500 * MB),
        ("750MiB", 750 * 2**20),
        ("1GiB", 2**30),
        (" 0.1 GB ", 100 * MB),
    ],
)
def test_limits(text: str, expected: int) -> None:
    assert sizes.read(text).bytes == expected


@pytest.mark.parametrize(
    "text",
    ["", "MB", "1.5", "1,5GB", "-5MB", "800M", "1G", "1e9", "nan", "1 000 MB", "5 MBs", "٥MB",
     "1__0", "_1", "1.MB"],
)  # fmt: skip
def test_no_limits(text: str) -> None:
    with pytest.raises(UsageError, match="is no size") as caught:
        sizes.read(text)
    assert "800MB, 1.5GB, 750MiB" in caught.value.fix


def test_bad_words(strata: Strata, project: Path) -> None:
    write(project, *STACK)
    for words, said in (
        (("--limit", "800M"), "'800M' is no size"),
        (("--top", "0"), "--top"),
        (("--top", "x"), "--top"),
        (("--env", "prod"), "strata.lock has no environment 'prod'"),
        (("--platform", "linux-65"), "unknown platform 'linux-65'"),
        (("--against", "nope.lock"), "nope.lock does not exist"),
    ):
        refused = run(strata, *words)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert said in refused.stderr
    wrong = run(strata, "--platform", "linux/arm64")
    assert (wrong.returncode, wrong.stdout) == (5, "")
    assert "strata.lock is not locked for linux-aarch64" in wrong.stderr
    missing = run(strata, "--lock", "nope.lock")
    assert (missing.returncode, missing.stdout) == (1, "")
    (project / "bad.lock").write_text("version: 6\npackages: 3\n")
    for words in (("--lock", "bad.lock"), ("--against", "bad.lock")):
        refused = run(strata, *words)
        assert (refused.returncode, refused.stdout) == (3, "")
        assert "bad.lock is not a lock" in refused.stderr


def test_environments_and_platforms(strata: Strata, project: Path) -> None:
    a, b = package("a-1-0", 1), package("b-1-0", 2)
    solutions = {"default": {"linux-64": [a], "osx-64": [b]}, "dev": {"linux-64": [a, b]}}
    write_lock(project / "strata.lock", solutions)
    assert run(strata).stdout.startswith("1 conda package, 1.0 MB")
    assert run(strata, "--env", "dev").stdout.startswith("2 conda packages, 3.0 MB")
    assert run(strata, "--platform", "osx-64").stdout.startswith("1 conda package, 2.0 MB")
    write(project, a, name="old.lock")
    new = run(strata, "--env", "dev", "--against", "old.lock")
    assert new.returncode == 0
    assert new.stderr == "old.lock has no environment dev on linux-64: compared with nothing\n"
    assert "3.0 MB more than old.lock (0 conda packages, 0 B)" in new.stdout


@pytest.mark.parametrize(
    ("machine", "locked", "expected"),
    [
        ("linux-64", ["linux-64", "linux-aarch64"], "linux-64"),
        ("linux-aarch64", ["linux-64"], "linux-aarch64"),
        ("osx-arm64", ["linux-64", "linux-aarch64", "osx-arm64"], "linux-aarch64"),
        ("osx-arm64", ["linux-64", "osx-arm64"], "linux-64"),
        ("osx-64", ["linux-64", "linux-aarch64"], "linux-64"),
        ("osx-64", ["linux-aarch64"], "linux-aarch64"),
        ("osx-arm64", ["osx-arm64"], "linux-aarch64"),
        ("win-64", ["linux-64", "win-64"], "linux-64"),
    ],
)
def test_images_are_linux(machine: str, locked: Sequence[str], expected: str) -> None:
    assert command.image_subdir(machine, locked) == expected


def test_against_a_revision(strata: Strata, project: Path) -> None:
    git(project, "init", "--quiet")
    git(project, "commit", "--quiet", "--allow-empty", "--message", "start")
    write(project, *OLD)
    first = run(strata, "--against", "HEAD:strata.lock")
    assert first.returncode == 0
    assert first.stderr == "there is no lock in HEAD:strata.lock: compared with nothing\n"
    assert "78.0 MB more than HEAD:strata.lock" in first.stdout
    git(project, "add", "strata.lock")
    git(project, "commit", "--quiet", "--message", "lock")
    write(project, *NEW)
    assert "41.5 MB more than HEAD:strata.lock" in run(
        strata, "--against", "HEAD:strata.lock"
    ).stdout  # fmt: skip
    assert run(strata, "--against", "nope:strata.lock").returncode == 2


def cells(written: str) -> list[list[str]]:
    """Return the rows of all tables as GitHub shows them."""
    tokens = MarkdownIt("commonmark", {"html": False}).enable("table").parse(written)
    rows: list[list[str]] = []
    for before, token in pairwise(tokens):
        if token.type == "tr_open":
            rows.append([])
        elif before.type in {"td_open", "th_open"}:
            rows[-1].append(token.content)
    return rows


def test_markdown(strata: Strata, project: Path, channel: HandMadeChannel) -> None:
    write(project, *OLD, name="old.lock")
    write(project, *NEW)
    write_environment(project, channel, ["bigger >1", "same"])
    done = run(
        strata, "--against", "old.lock", "--limit", "110MB", "--format", "markdown", "--top", "2"
    )
    assert done.returncode == 1
    assert done.stdout.startswith(
        "### Size of the environment: 119.5 MB\n\n"
        "5 conda packages to download (`default`, `linux-64`), 41.5 MB more than `old.lock` "
        "(5 conda packages, 78.0 MB), **9.5 MB above the limit of `110MB`**.\n"
    )
    assert cells(done.stdout) == [
        ["growth", "change", "package", "version", "why it is there"],
        ["+30.0 MB", "bigger", "`bigger`", "`1.0` → `2.0`", "`environment.yml:4: bigger >1`"],
        ["+20.0 MB", "added", "`new`", "`3.0`", "needed by `bigger`"],
        ["-8.5 MB", "", "the other 3 changes", "", ""],
        ["size", "share", "package", "version", "why it is there"],
        ["50.0 MB", "41.8%", "`same`", "`1.0`", "`environment.yml:5: same`"],
        ["40.0 MB", "33.5%", "`bigger`", "`2.0`", "`environment.yml:4: bigger >1`"],
        ["29.5 MB", "24.7%", "the other 3 packages", "", ""],
    ]  # fmt: skip


HOSTILE = "x|`<img src=y onerror=z>[a](http://evil)</summary>\n\n# **@team** `` \\| &lt;"


def test_markdown_and_text_are_not_injected() -> None:
    """Whatever a lock or a branch is called, it stays text."""
    found = size.Package(HOSTILE, HOSTILE, 5 * MB, HOSTILE, (HOSTILE,))
    now = size.Size((found,), (HOSTILE,), (HOSTILE,))
    against = size.Against(HOSTILE, size.Size(()), size.changes(size.Size(()), now))
    report = size.Report(HOSTILE, HOSTILE, now, against)
    written = size_report.markdown(report, 15)
    shown = MarkdownIt("commonmark", {"html": True}).enable("table").render(written)
    for harm in ("<img", "<a", "<h1", "<strong", "</summary"):
        assert harm not in shown
    assert "@team" not in written
    assert all(line.count("|") in {0, 6} for line in written.splitlines())
    red = size.Package("\x1b[31mred\n", "1", MB)
    lines = size_report.text(size.Report("default", "linux-64", size.Size((red,))), 15, 80)
    assert all(line.isprintable() for line in lines)


def test_lines_fit(real_locks: list[Path], strata: Strata) -> None:
    """Lines keep to 80 columns, and the changes account for all of the growth."""
    for old, new in pairwise([real_locks[0], *real_locks[-2:]]):
        done = run(strata, "--lock", str(new), "--against", str(old), "--top", "40")
        assert (done.returncode, done.stderr) == (0, "")
        lines = done.stdout.splitlines()
        assert [line for line in lines if len(line) > 80 and str(old) not in line] == []
        found = json.loads(run(strata, "--lock", str(new), "--against", str(old), "--json").stdout)
        against = found["against"]
        moved = sum(change["growth"] for change in against["changes"])
        assert moved == against["growth"] == found["bytes"] - against["bytes"]
        assert found["bytes"] == sum(package["bytes"] for package in found["packages"])
        assert found["not_counted"] == {"conda": [], "pip": []}


def test_unknown_sizes_are_no_changes() -> None:
    """A package whose size only one lock says has not come, gone or grown."""
    known, unknown = size.Package("a", "1", 5), size.Package("b", "1", 7)
    before = size.Size((known, unknown))
    after = size.Size((known,), ("b",))
    assert size.changes(before, after) == []
    assert size.changes(after, before) == []


def test_asked_for_is_named_first(strata: Strata, project: Path, channel: HandMadeChannel) -> None:
    """Of those that need a package, the one that a line asks for is the one to drop."""
    users = [package(f"{name}-1-0", 1, "big") for name in ("aaa", "mmm", "zzz")]
    write(project, package("big-1-0", 9), *users)
    write_environment(project, channel, ["mmm", "mmm >0"])
    lines = run(strata).stdout.splitlines()
    assert lines[3].endswith("big 1  needed by mmm, +2")
    assert lines[5].endswith("mmm 1  environment.yml:4: mmm")


def test_nothing_to_measure(project: Path) -> None:
    assert size.measure(Lock({}, (), project), "default", "linux-64") == size.Size(())
