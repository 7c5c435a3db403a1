"""What changed between two locks, and why."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import starmap
from pathlib import Path
from typing import Any

import pytest

from conda_strata.lock import change_reasons, changes, closure, provenance
from conda_strata.lock.changes import Change
from conda_strata.spec.manifest import Manifest, Spec
from tests.support.records import SUBDIR, record, wheel


def one(old: Any, new: Any) -> Change | None:
    found = changes.changes([old] if old else [], [new] if new else [])
    return found[0] if found else None


def test_packages_come_and_go() -> None:
    assert one(None, record("a")) == Change("added", "a", None, "1.0 h0_0")
    assert one(record("a"), None) == Change("removed", "a", "1.0 h0_0", None)
    assert one(record("a"), record("a", size=3)) is None


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [
        ("upgraded", "1.9", "1.10"),
        ("downgraded", "1.10", "1.9"),
        ("upgraded", "1.0rc1", "1.0"),
        ("rebuilt", "1.0", "1.0.0"),
    ],
)
def test_versions_are_compared_as_conda_does(kind: str, old: str, new: str) -> None:
    expected = Change(kind, "a", f"{old} h0_0", f"{new} h0_0")
    assert one(record("a", old), record("a", new)) == expected


def test_each_kind_of_a_change_is_listed() -> None:
    pairs = [
        (None, record("a")),
        (record("a"), None),
        (record("a"), record("a", "2.0")),
        (record("a", "2.0"), record("a")),
        (record("a"), record("a", build="h1_1")),
    ]
    assert [found.kind for found in starmap(one, pairs) if found] == list(changes.KINDS)


def test_another_file_of_one_version_is_told_apart() -> None:
    assert one(record("a"), record("a", build="h1_1")) == Change(
        "rebuilt", "a", "1.0 h0_0", "1.0 h1_1"
    )
    a, b = record("a", sha256=b"\1" * 32), record("a", sha256=b"\2" * 32)
    assert one(a, b) == Change(
        "rebuilt", "a", "1.0 h0_0 sha256:010101010101", "1.0 h0_0 sha256:020202020202"
    )
    moved = record("a", channel="https://me:pw@other.example/")
    assert one(record("a"), moved) == Change(
        "rebuilt",
        "a",
        "1.0 h0_0 https://example.org/linux-64/a-1.0-h0_0.conda",
        "1.0 h0_0 https://other.example/linux-64/a-1.0-h0_0.conda",
    )
    assert one(record("a", sha256=None), record("a")) is None


def pip(old: Any, new: Any) -> Change | None:
    found = changes.wheel_changes([old] if old else [], [new] if new else [])
    return found[0] if found else None


def test_wheels_come_go_and_change() -> None:
    assert pip(None, wheel("a")) == Change("added", "a", None, "1.0", "pip")
    assert pip(wheel("a"), None) == Change("removed", "a", "1.0", None, "pip")
    assert pip(wheel("a"), wheel("a")) is None
    for kind, old, new in (
        ("upgraded", "1.9", "1.10"),
        ("downgraded", "1.10", "1.9"),
        ("upgraded", "a", "b"),
        ("downgraded", "b", "a"),
    ):
        assert pip(wheel("a", old), wheel("a", new)) == Change(kind, "a", old, new, "pip")
    other = wheel("a")._replace(url="https://example.org/a-1.0-cp311-cp311-linux_x86_64.whl")
    assert pip(wheel("a"), other) == Change(
        "rebuilt", "a", "1.0 py3-none-any", "1.0 cp311-cp311-linux_x86_64", "pip"
    )
    here, there = (f"https://{host}/a-1.0-py3-none-any.whl" for host in ("a.example", "b.example"))
    assert pip(wheel("a", url=here, sha256="c"), wheel("a", url=there, sha256="c")) == Change(
        "rebuilt", "a", f"1.0 {here}", f"1.0 {there}", "pip"
    )
    hashed = wheel("a")._replace(sha256="ab" * 32)
    assert pip(wheel("a"), hashed) == Change(
        "rebuilt", "a", f"1.0 sha256:{wheel('a').sha256[:12]}", "1.0 sha256:abababababab", "pip"
    )


def test_changes_are_sorted_and_read_well() -> None:
    found = changes.changes([record("b"), record("c")], [record("a"), record("b")])
    assert [str(change) for change in found] == ["added      a 1.0 h0_0", "removed    c 1.0 h0_0"]
    assert str(Change("upgraded", "a", "1", "2", "pip")) == "upgraded   a 1 → 2 (pip)"
    assert found[0].as_dict() == {
        "kind": "added", "name": "a", "before": None, "after": "1.0 h0_0", "manager": "conda",
    }  # fmt: skip


# Where from, and what it needs.


def told(old: Any, new: Any) -> list[tuple[Any, ...]]:
    found = provenance.warnings([old, record("x")], [new, record("0"), record("y")])
    return [(w.kind, w.name, w.before, w.after, w.manager) for w in found]


def test_another_place_is_told() -> None:
    here = "https://example.org"
    assert told(record("a"), record("a", "2.0")) == []
    assert told(record("a"), record("a", "2.0", channel="https://evil.example/")) == [
        ("host", "a", (here,), ("https://evil.example",), "conda")
    ]
    assert told(record("a"), record("a", "2.0", channel="https://example.org/x/")) == [
        ("channel", "a", (here,), (f"{here}/x",), "conda")
    ]
    assert told(record("a", channel="file:///x/"), record("a", channel="file:///y/"))[0][0] == (
        "channel"
    )


def test_other_dependencies_of_one_build_are_told() -> None:
    old = record("a", depends=["b", "c"], constrains=["x"])
    new = record("a", depends=["b", "d"], constrains=["x", "y"])
    assert told(old, new) == [("dependencies", "a", ("c",), ("d", "y (constrains)"), "conda")]
    assert told(old, record("a", depends=["c", "b"], constrains=["x"])) == []
    assert told(old, record("a", "1.1", depends=["b"])) == []
    assert told(old, record("a", build="h1_0", depends=["b"])) == []


def test_of_wheels_the_host_counts() -> None:
    def told_of(old: Any, new: Any) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
        found = provenance.wheel_warnings([old, wheel("x")], [new, wheel("0"), wheel("y")])
        return [(w.kind, w.before, w.after) for w in found if w.manager == "pip"]

    same_host = wheel("a", "2.0")._replace(url="https://example.org/other/a.whl")
    assert told_of(wheel("a"), same_host) == []
    elsewhere = wheel("a", "2.0")._replace(url="https://evil.example/a.whl")
    assert told_of(wheel("a"), elsewhere) == [
        ("host", ("https://example.org",), ("https://evil.example",))
    ]
    local = wheel("a", "2.0")._replace(url="./a")
    assert told_of(wheel("a"), local) == [("host", ("https://example.org",), ("a local file",))]
    odd = wheel("a", "2.0")._replace(url="https://[x/a.whl")
    assert told_of(wheel("a"), odd) == [("host", ("https://example.org",), ("https://[x/a.whl",))]
    assert told_of(wheel("a", requires=["b"]), wheel("a", requires=["c"])) == [
        ("dependencies", ("b",), ("c",))
    ]
    assert told_of(wheel("a", requires=["b"]), wheel("a", "2.0", requires=["c"])) == []


def test_warnings_are_sorted() -> None:
    evil = "https://evil.example/"
    old, new = [record("b"), record("a")], [record("b", channel=evil), record("a", channel=evil)]
    assert [w.name for w in provenance.warnings(old, new)] == ["a", "b"]
    wheels = [wheel("b"), wheel("a")]
    moved = [w._replace(url=f"{evil}{w.name}.whl") for w in wheels]
    found = list(provenance.wheel_warnings(wheels, moved))
    assert [w.name for w in found] == ["a", "b"]
    assert found[0].as_dict()["kind"] == "host"


# Why.


def spec(text: str, line: int = 3) -> Spec:
    return Spec(text, Path("environment.yml"), line)


def why(
    name: str, old: list[Any], new: list[Any], *specs: Any, let_go: set[str] | None = None
) -> str:
    return change_reasons.reasons([name], old, new, specs, let_go)[name]


def test_why_a_package_goes() -> None:
    assert why("a", [record("a")], []) == "nothing depends on it"


def test_why_a_package_comes() -> None:
    assert why("a", [], [record("a")], spec("a >=1")) == "environment.yml:3: a >=1"
    assert why("a", [record("a")], [record("a", "2.0")], spec("a >=2"), let_go=set()) == (
        "environment.yml:3: a >=2"
    )
    user = record("user", depends=["a >=1"])
    other = record("other", depends=["a"])
    assert why("a", [], [record("a"), user]) == "needed by user"
    assert why("a", [other], [record("a"), other, user]) == "needed by user"
    assert why("a", [other], [record("a"), other]) == "needed by other"
    assert why("a", [], [record("a"), record("x", constrains=["a"])]) == ""


def test_why_a_package_moves() -> None:
    old, new = record("a"), record("a", "2.0")
    assert why("a", [old], [new]) == "newest"
    assert why("a", [old], [new], let_go={"a"}) == "newest"
    gone = "1.0 h0_0 is unavailable, or newer than the cut-off"
    assert why("a", [old], [new], let_go={"b"}) == gone
    user = record("user", depends=["a >=2"])
    assert why("a", [old], [new, user], let_go=set()) == "user needs a >=2"
    assert why("a", [old], [new, record("user", depends=["a >=1"])], let_go=set()) == gone
    limit = record("user", constrains=["a >=2"])
    assert why("a", [old], [new, limit], let_go=set()) == "user is compatible only with a >=2"


class Read(list[Any]):
    """A list that counts how often it is gone through."""

    times = 0

    def __iter__(self) -> Iterator[Any]:
        self.times += 1
        return super().__iter__()


@pytest.mark.parametrize("count", [1, 100])
def test_lists_are_gone_through_once_however_many_packages_move(count: int) -> None:
    names = [f"p{n}" for n in range(count)]
    old = Read(record(name) for name in names)
    new = Read(record(name, "2.0") for name in names)
    specs = Read(spec(f"{name} >=2") for name in names)
    found = change_reasons.reasons(names, old, new, specs, ())
    assert found == {name: f"environment.yml:3: {name} >=2" for name in names}
    assert (old.times, new.times, specs.times) == (1, 1, 1)


# What an environment needs.


def test_an_environment_gets_what_it_depends_on() -> None:
    found = [
        record("a", depends=["b >=1", "__glibc"]),
        record("b", depends=["c", "a"]),
        record("c"),
        record("d", depends=["a"]),
    ]
    names = [r.name.normalized for r in closure.closure(["a", "x"], found)]
    assert names == ["a", "b", "c"]
    assert closure.closure(["c"], found) == [found[2]]
    wheels = [
        wheel("a", requires=["B_x"]),
        wheel("b-x", requires=["a"]),
        wheel("c", requires=["a"]),
    ]
    assert closure.wheel_closure(["A"], wheels) == wheels[:2]
    assert closure.wheel_closure(["A"], []) == []


def test_what_was_solved_together_is_divided() -> None:
    manifest = Manifest(
        {"default": (spec("a"),), "dev": (spec("d"),)},
        ("https://example.org/",),
        (SUBDIR,),
        (Path("environment.yml"),),
        pip={"dev": (spec("w"),)},
    )
    solved = {SUBDIR: [record("a"), record("d", depends=["e"]), record("e"), record("f")]}
    lock = closure.divide(manifest, solved, {SUBDIR: [wheel("v"), wheel("w")]}, Path("strata.lock"))
    found = {n: [r.name.normalized for r in s[SUBDIR]] for n, s in lock.environments.items()}
    assert found == {"default": ["a"], "dev": ["a", "d", "e"]}
    assert {n: [w.name for w in s[SUBDIR]] for n, s in lock.wheels.items()} == {
        "default": [], "dev": ["w"],
    }  # fmt: skip
    assert lock.channels == ("https://example.org/",)
    assert "__glibc=2.28=0" in lock.virtual_packages[SUBDIR]
    assert lock.indexes == ()
