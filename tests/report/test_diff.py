"""What ``strata diff`` says."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from conda_strata.lock import lockfile
from conda_strata.lock.changes import Change
from conda_strata.lock.model import Lock, same
from conda_strata.report.diff import markdown, text
from conda_strata.report.diff.comparison import compare
from tests.conftest import Strata, git
from tests.support.lock_files import CHANNEL, Conda, Packages, Pip, real_locks, write_lock
from tests.support.page import shown

__all__ = ["real_locks"]

ALL = ("linux-64", "osx-arm64")


def everywhere(*packages: str | Conda | Pip) -> Mapping[str, Packages]:
    return dict.fromkeys(ALL, packages)


def test_text(strata: Strata, project: Path) -> None:
    """What all platforms share stands once; versions are compared in conda's order."""
    old = {
        "linux-64": ["numpy-1.9.0-h1_0", "zlib-1.3-h1_0", "gone-1.0-0", "same-1.0-0", "mkl-2.0-0"],
        "osx-arm64": ["numpy-1.9.0-h2_0", "zlib-1.3-h2_0", "gone-1.0-0", "same-1.0-0"],
    }
    new = {
        "linux-64": ["numpy-1.10.0-h3_0", "zlib-1.3-h3_1", "new-1.0-0", "same-1.0-0", "mkl-1.9-0"],
        "osx-arm64": ["numpy-1.10.0-h4_0", "zlib-1.3-h4_1", "new-1.0-0", "same-1.0-0", "abi-1-7"],
    }
    write_lock(project / "old.lock", {"default": old})
    write_lock(project / "new.lock", {"default": new})
    done = strata("diff", "old.lock", "new.lock")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines() == [
        "all platforms:",
        "  removed    gone  1.0",
        "  added      new   1.0",
        "  upgraded   numpy 1.9.0 → 1.10.0",
        "  rebuilt    zlib  1.3",
        "linux-64:",
        "  downgraded mkl 2.0 → 1.9",
        "osx-arm64:",
        "  added      abi 1",
        "6 changes: 2 added, 1 removed, 1 upgraded, 1 downgraded, 1 rebuilt",
    ]


def test_builds_are_short(strata: Strata, project: Path) -> None:
    """A build is shown without its hash, unless only that has changed."""
    old = {
        "linux-64": ["a-1-py311h1234567_0", "b-1-h1234567_0", "c-1-h1234567_0"],
        "osx-arm64": ["a-1-py311h89abcde_0", "b-1-h89abcde_0"],
    }
    new = {
        "linux-64": ["a-1-py312h2345678_0", "b-1-h2345678_1", "c-1-h2345678_0"],
        "osx-arm64": ["a-1-py312h9abcdef_0", "b-1-h9abcdef_1"],
    }
    write_lock(project / "old.lock", {"default": old})
    write_lock(project / "new.lock", {"default": new})
    assert strata("diff", "old.lock", "new.lock").stdout.splitlines()[:-1] == [
        "all platforms:",
        "  rebuilt    a 1 (py311_0 → py312_0)",
        "  rebuilt    b 1 (0 → 1)",
        "linux-64:",
        "  rebuilt    c 1 (h1234567_0 → h2345678_0)",
    ]


def test_same(strata: Strata, project: Path) -> None:
    write_lock(project / "a.lock", {"default": everywhere("numpy-1.0-0", Pip("rich-14.0"))})
    done = strata("diff", "a.lock", "a.lock")
    assert (done.returncode, done.stdout, done.stderr) == (0, "no differences\n", "")
    assert strata("diff", "a.lock", "a.lock", "--format", "markdown").stdout == (
        "**no differences**\n"
    )
    found = json.loads(strata("diff", "a.lock", "a.lock", "--json").stdout)
    assert (found["same"], found["changes"]) == (True, {})


def test_json(strata: Strata, project: Path) -> None:
    """Machines get builds, wheels, and every environment."""
    write_lock(project / "a.lock", {"default": {"linux-64": ["x-1.0-h_0", Pip("w-1.0rc1")]}})
    both: Packages = ["x-1.0-h_1", Pip("w-1.0")]
    write_lock(project / "b.lock", {"default": {"linux-64": both}, "dev": {"win-64": both}})
    done = strata("diff", "a.lock", "b.lock", "--json")
    assert done.returncode == 1
    added = {"kind": "added", "before": None}
    assert json.loads(done.stdout) == {
        "same": False,
        "warnings": [],
        "channels": {"before": [CHANNEL], "after": [CHANNEL]},
        "indexes": {"before": ["https://pypi.org/simple"], "after": ["https://pypi.org/simple"]},
        "sources": {"added": [], "removed": []},
        "environments": {"added": ["dev"], "removed": []},
        "platforms": {"added": ["win-64"], "removed": []},
        "virtual_packages": {},
        "changes": {
            "linux-64": {
                "default": [
                    {"kind": "rebuilt", "name": "x", "before": "1.0 h_0", "after": "1.0 h_1",
                     "manager": "conda"},
                    {"kind": "upgraded", "name": "w", "before": "1.0rc1", "after": "1.0",
                     "manager": "pip"},
                ]
            },
            "win-64": {
                "dev": [
                    added | {"name": "x", "after": "1.0 h_1", "manager": "conda"},
                    added | {"name": "w", "after": "1.0", "manager": "pip"},
                ]
            },
        },
    }  # fmt: skip


def test_environments(strata: Strata, project: Path) -> None:
    """An environment is named only where the others that have the package keep it."""
    old = {"default": {"linux-64": ["a-1-0", "b-1-0"]}, "dev": {"linux-64": ["a-1-0", "b-1-0"]}}
    new = {"default": {"linux-64": ["a-2-0", "b-1-0"]}, "dev": {"linux-64": ["a-2-0", "b-2-0"]}}
    write_lock(project / "old.lock", old)
    write_lock(project / "new.lock", new)
    assert strata("diff", "old.lock", "new.lock").stdout.splitlines()[:-1] == [
        "linux-64:",
        "  upgraded   a 1 → 2",
        "  upgraded   b 1 → 2  (dev)",
    ]
    one = strata("diff", "old.lock", "new.lock", "--env", "default")
    assert one.stdout.splitlines()[:-1] == ["linux-64:", "  upgraded   a 1 → 2"]
    unknown = strata("diff", "old.lock", "new.lock", "--env", "prod")
    assert unknown.returncode == 2
    assert "has an environment 'prod'\n  They have: default, dev." in unknown.stderr


def test_what_came_and_went(strata: Strata, project: Path) -> None:
    """A new platform or environment is one line, not all of its packages."""
    write_lock(project / "old.lock", {"default": {"linux-64": ["a-1-0"]}, "doc": {"linux-64": []}})
    new: dict[str, Mapping[str, Packages]] = {
        "default": everywhere("a-1-0"),
        "dev": everywhere("a-1-0", "tool-1-0"),
    }
    bioconda = "https://conda.anaconda.org/bioconda/"
    write_lock(project / "new.lock", new, [CHANNEL, bioconda])
    assert strata("diff", "old.lock", "new.lock").stdout.splitlines() == [
        f"channels: {CHANNEL} → {CHANNEL}, {bioconda}",
        "new platform: osx-arm64 (2 packages)",
        "new environment: dev",
        "environment gone: doc",
        "linux-64:",
        "  added      tool 1",
        "1 change: 1 added",
    ]


def test_same_name_but_another_file(strata: Strata, project: Path) -> None:
    """A build with another hash or from another channel, and a wheel with other tags, are news."""
    old: Packages = [Conda("a-1-0"), Conda("b-1-0"), Pip("w-1.0", "cp311-cp311-linux_x86_64")]
    new: Packages = [
        Conda("a-1-0", sha256="ab" * 32),
        Conda("b-1-0", channel="https://example.org/t/SECRET/other/"),
        Pip("w-1.0", "cp312-cp312-linux_x86_64"),
    ]
    write_lock(project / "old.lock", {"default": {"linux-64": old}})
    write_lock(project / "new.lock", {"default": {"linux-64": new}})
    lines = strata("diff", "old.lock", "new.lock").stdout.splitlines()
    assert [line.split()[:3] for line in lines[2:5]] == [
        ["rebuilt", "a", "1"], ["rebuilt", "b", "1"], ["rebuilt", "w", "1.0"]
    ]  # fmt: skip
    assert lines[0].startswith(
        "warning: host changed: b: https://conda.anaconda.org/conda-forge → "
    )
    assert "→ 0 sha256:abababababab)" in lines[2]
    assert "→ 0 https://example.org/other/noarch/b-1-0.conda)" in lines[3]
    assert "(cp311-cp311-linux_x86_64 → cp312-cp312-linux_x86_64)  (pip)" in lines[4]


def test_no_credentials(strata: Strata, project: Path) -> None:
    """They are neither shown nor a difference."""
    private = "https://user:PASS@example.org/t/TOKEN/channel/"
    write_lock(project / "a.lock", {"default": {"linux-64": [Conda("a-1-0")]}})
    write_lock(
        project / "b.lock", {"default": {"linux-64": [Conda("a-1-0", (), private)]}}, [private]
    )
    public = "https://example.org/channel/"
    write_lock(
        project / "c.lock", {"default": {"linux-64": [Conda("a-1-0", (), public)]}}, [public]
    )
    for words in ((), ("--format", "markdown"), ("--json",)):
        shown = strata("diff", "a.lock", "b.lock", *words)
        assert "example.org/channel" in shown.stdout
        assert not {"PASS", "TOKEN"} & set(shown.stdout.replace("/", " ").replace(":", " ").split())
    assert strata("diff", "b.lock", "c.lock").returncode == 0


def test_revisions(strata: Strata, project: Path) -> None:
    """Without words, the lock is compared with the committed one; before the first all is new."""
    write_lock(project / "strata.lock", {"default": {"linux-64": ["a-1-0"]}})
    outside = strata("diff")
    assert outside.returncode == 2
    assert "in no git repository" in outside.stderr

    git(project, "init", "--quiet")
    git(project, "commit", "--quiet", "--allow-empty", "--message", "start")
    first = strata("diff")
    assert first.returncode == 1
    assert first.stdout.splitlines()[-3:] == ["linux-64:", "  added      a 1", "1 change: 1 added"]
    assert "there is no lock in HEAD:./strata.lock" in first.stderr

    git(project, "add", "strata.lock")
    git(project, "commit", "--quiet", "--message", "lock")
    assert strata("diff").returncode == 0
    write_lock(project / "strata.lock", {"default": {"linux-64": ["a-2-0"]}})
    assert "upgraded   a 1 → 2" in strata("diff", "HEAD:strata.lock").stdout
    assert "added      a 1" in strata("diff", "HEAD~1:strata.lock", "HEAD:strata.lock").stdout
    assert "upgraded   a 1 → 2" in strata("diff", ":strata.lock").stdout

    unknown = strata("diff", "nope:strata.lock")
    assert unknown.returncode == 2
    assert "git has no revision 'nope'" in unknown.stderr


@pytest.mark.parametrize("nothing", ["/dev/null", "empty.lock"])
def test_no_lock_before(strata: Strata, project: Path, nothing: str) -> None:
    write_lock(project / "strata.lock", {"default": everywhere("a-1-0")})
    (project / "empty.lock").touch()
    assert strata("diff", nothing, nothing).returncode == 0
    done = strata("diff", nothing, "strata.lock")
    assert done.returncode == 1
    assert done.stdout.splitlines()[-3:] == [
        "all platforms:",
        "  added      a 1",
        "1 change: 1 added",
    ]
    assert "removed" in strata("diff", "strata.lock", nothing).stdout


def test_bad_words(strata: Strata, project: Path) -> None:
    """A file that is not there, or no lock, is named; 1 would mean that locks differ."""
    write_lock(project / "a.lock", {"default": {"linux-64": []}})
    missing = strata("diff", "nope.lock", "a.lock")
    assert (missing.returncode, missing.stdout) == (2, "")
    assert "nope.lock does not exist" in missing.stderr
    (project / "b.lock").write_text("version: 6\npackages: 3\n")
    broken = strata("diff", "a.lock", "b.lock")
    assert (broken.returncode, broken.stdout) == (3, "")
    assert "b.lock is not a lock" in broken.stderr
    git(project, "init", "--quiet")
    git(project, "add", "b.lock")
    staged = strata("diff", ":b.lock", "a.lock")
    assert staged.returncode == 3
    assert ":b.lock is not a lock" in staged.stderr
    assert "strata-diff-" not in staged.stderr


HOSTILE = "x|`<img src=y onerror=z>[a](http://evil)</summary>\n\n# **@team** `` \\| &lt;"


def test_markdown_is_not_injected(project: Path) -> None:
    """Whatever a lock holds, it stays text: no element, link, mention or cell of its own."""
    old = Lock({"default": {"linux-64": []}}, (), project)
    file = project / "new.lock"
    write_lock(file, {"default": {"linux-64": [Pip("w-1.0")]}, "dev": {"linux-64": [Pip("w-2.0")]}})
    honest = lockfile.read(file)
    environments = {HOSTILE: {HOSTILE: honest.environments["dev"]["linux-64"], "linux-64": []}}
    wheel = honest.wheels["default"]["linux-64"][0]
    hostile = type(wheel)(HOSTILE, HOSTILE, wheel.url, wheel.sha256)
    new = Lock(
        {**honest.environments, **environments},
        (HOSTILE,),
        file,
        {**honest.wheels, HOSTILE: {HOSTILE: [hostile], "linux-64": [hostile]}},
    )
    found = compare(old, new)
    written = markdown.render(found)
    page = shown(written)
    assert page.tags <= {
        "p", "strong", "table", "thead", "tbody", "tr", "th", "td", "code", "h4", "ul", "li",
        "details", "summary",
    }  # fmt: skip
    assert page.attributes <= {"style"}
    assert HOSTILE in page.words
    assert all(line.count("|") in {0, 5, 7} for line in written.splitlines())


def test_markdown_is_cut(project: Path) -> None:
    """Long tables lose rows, and say how many."""
    names = [f"package-{number:04}-1.0-0" for number in range(900)]
    other = [f"other-{number:04}-1.0-0" for number in range(900)]
    write_lock(project / "a.lock", {"default": {s: [] for s in ALL}})
    write_lock(project / "b.lock", {"default": {"linux-64": names + other, "osx-arm64": names}})
    found = compare(lockfile.read(project / "a.lock"), lockfile.read(project / "b.lock"))
    for limit in (60_000, 20_000, 1_500):
        written = markdown.render(found, limit)
        assert limit / 2 < len(written) <= limit
        rows = sum(line.endswith("| added |") for line in written.splitlines())
        left = [line.split()[2] for line in written.splitlines() if line.startswith("… and")]
        assert rows + sum(map(int, left)) == 1800
        assert written.count("<details>") == written.count("</details>") == 1


def test_markdown(strata: Strata, project: Path) -> None:
    write_lock(project / "a.lock", {"default": everywhere("a-1-0", "b-1-0")})
    new: Mapping[str, Packages] = {"linux-64": ["a-2-0", "b-1-1"], "osx-arm64": ["a-2-0", "b-1-0"]}
    write_lock(project / "b.lock", {"default": new})
    assert (
        strata("diff", "a.lock", "b.lock", "--format", "markdown").stdout
        == """\
**2 changes: 1 upgraded, 1 rebuilt**

| platform | added | removed | upgraded | downgraded | rebuilt |
| --- | ---: | ---: | ---: | ---: | ---: |
| `linux-64` |  |  | 1 |  | 1 |
| `osx-arm64` |  |  | 1 |  |  |

#### All platforms

| package | before | after | change |
| --- | --- | --- | --- |
| `a` | `1` | `2` | upgraded |

<details>
<summary><code>linux-64</code>: 1 more</summary>

| package | before | after | change |
| --- | --- | --- | --- |
| `b` | `1 0` | `1 1` | rebuilt |

</details>
"""
    )


def test_virtual_packages(strata: Strata, project: Path) -> None:
    assert strata("lock").returncode == 0
    lock = lockfile.read(project / "strata.lock")
    assumed = {"linux-64": (*lock.virtual_packages["linux-64"], "__cuda=12.0=0")}
    lockfile.write(Lock(lock.environments, lock.channels, project / "b.lock", lock.wheels, assumed))
    done = strata("diff", "strata.lock", "b.lock")
    assert done.returncode == 1
    assert "linux-64 is assumed to have: " in done.stdout
    assert done.stdout.endswith("no package changed\n")


State = dict[tuple[str, str], str]
Changes = Mapping[str, Mapping[str, Sequence[Change]]]


def states(lock: Lock) -> dict[tuple[str, str], State]:
    return {
        (subdir, name): {("conda", r.name.normalized): f"{r.version} {r.build}" for r in records}
        | {("pip", wheel.name): wheel.version for wheel in lock.wheels_of(name, subdir)}
        for name, solution in lock.environments.items()
        for subdir, records in solution.items()
    }


def applied(before: State, changes: Sequence[Change]) -> State:
    after = dict(before)
    for change in changes:
        key = change.manager, change.name
        assert (after.pop(key, None) is None) == (change.before is None)
        if change.after:
            after[key] = " ".join(change.after.split()[:2])
    return after


MIRRORED = {"added": "removed", "removed": "added", "upgraded": "downgraded",
            "downgraded": "upgraded", "rebuilt": "rebuilt"}  # fmt: skip


def mirrored(found: Changes) -> Changes:
    return {
        subdir: {
            name: [Change(MIRRORED[c.kind], c.name, c.after, c.before, c.manager) for c in changes]
            for name, changes in by.items()
        }
        for subdir, by in found.items()
    }


def test_a_real_history(real_locks: list[Path]) -> None:
    """Applied to the old lock, a diff gives the new one; reversed, it is mirrored."""
    locks = [lockfile.read(path) for path in real_locks]
    assert len(locks) == 37
    held = {lock.path: states(lock) for lock in locks}
    for count, (old, new) in enumerate([*pairwise(locks), (locks[0], locks[-1])]):
        found = compare(old, new)
        assert found.is_empty == same(old, new)
        before, after = held[old.path], held[new.path]
        for subdir, name in before.keys() | after.keys():
            changes = found.changes.get(subdir, {}).get(name, [])
            assert applied(before.get((subdir, name), {}), changes) == after.get((subdir, name), {})
        assert len(markdown.render(found)) <= markdown.LIMIT
        assert text.render(found)
        if count % 3 == 0:
            assert compare(new, old).changes == mirrored(found.changes)
    assert all(compare(lock, lock).is_empty for lock in locks)


def test_real_extremes(strata: Strata, real_locks: list[Path]) -> None:
    first, last = str(real_locks[0]), str(real_locks[-1])
    for old in (first, "/dev/null"):
        done = strata("diff", old, last, "--format", "markdown")
        assert done.returncode == 1
        assert len(done.stdout) <= markdown.LIMIT < 65_536
        page = shown(done.stdout)
        assert "table" in page.tags
    assert strata("diff", last, last).returncode == 0
