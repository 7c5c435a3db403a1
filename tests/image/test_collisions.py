"""Packages that own the same file share a layer, and a claim is found again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rattler import RepoDataRecord

from conda_strata.image import collisions
from conda_strata.image.plan import Layer
from conda_strata.lock.model import identity
from tests.support.records import record


def link(prefix: Path, one: RepoDataRecord, *paths: str | tuple[str, str]) -> RepoDataRecord:
    """Note what rattler notes of a package; a pair is where a file went, and where it belongs."""
    said: list[dict[str, Any]] = [
        {"_path": path} if isinstance(path, str) else {"_path": path[0], "original_path": path[1]}
        for path in paths
    ]
    file = prefix / "conda-meta" / f"{identity(one)}.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps({"paths_data": {"paths": said}}))
    return one


def names(layers: list[Layer]) -> list[list[str]]:
    return [[r.name.normalized for r in layer.records] for layer in layers]


def test_owners_of_a_file_move_to_the_biggest(tmp_path: Path) -> None:
    one = link(tmp_path, record("one", size=5), "a")
    two = link(tmp_path, record("two", size=9), ("__clobbers__/two/a", "a"), "b")
    three = link(tmp_path, record("three"), "c")
    before = [Layer(1, (one, three)), Layer(4, (two,))]
    after = collisions.together(before, tmp_path)
    assert names(after) == [["three"], ["one", "two"]]
    assert [layer.slot for layer in after] == [1, 4]
    assert collisions.tied(before, after) == {1: frozenset({1, 4}), 4: frozenset({1, 4})}


def test_groups_that_share_a_package_are_one(tmp_path: Path) -> None:
    found = [
        link(tmp_path, record("a", size=1), "x"),
        link(tmp_path, record("b", size=2), ("c/x", "x"), "y"),
        link(tmp_path, record("c", size=3), ("c/y", "y")),
        link(tmp_path, record("d", size=4), "z"),
        link(tmp_path, record("e", size=None), ("c/z", "z")),
        link(tmp_path, record("f", size=9), "own"),
    ]
    before = [Layer(slot, (one,)) for slot, one in enumerate(found)]
    after = collisions.together(before, tmp_path)
    assert names(after) == [[], [], ["a", "b", "c"], ["d", "e"], [], ["f"]]
    assert collisions.tied(before, after) == {
        **dict.fromkeys((0, 1, 2), frozenset({0, 1, 2})),
        **dict.fromkeys((3, 4), frozenset({3, 4})),
    }


def test_of_equals_the_first_name_stays(tmp_path: Path) -> None:
    b, a = record("b", size=2), record("a", size=2)
    before = [Layer(0, (link(tmp_path, b, "x"),)), Layer(1, (link(tmp_path, a, ("c", "x")),))]
    assert names(collisions.together(before, tmp_path)) == [[], ["a", "b"]]


def test_without_a_shared_file_nothing_moves(tmp_path: Path) -> None:
    before = [Layer(0, (link(tmp_path, record("b"), "x"),)), Layer(1, ())]
    after = collisions.together(before, tmp_path)
    assert (after, collisions.tied(before, after)) == (before, {})


OWN = {
    "lib/libz.so": "lib/libz.so",
    "lib/R/library/abc/x/y": "lib/R/library/abc",
    "lib/python3.11/site-packages/numpy/core/a.py": "lib/python3.11/site-packages/numpy",
    "lib/python3.11/site-packages/google/cloud/a.py": "lib/python3.11/site-packages/google/cloud",
    "lib/python3.11/os.py": "lib/python3.11/os.py",
    "share/doc/zlib/README": "share/doc/zlib/README",
    "share/zlib/README": "share/zlib",
    "etc/conda/activate.d/x.sh": "etc/conda/activate.d/x.sh",
    "opt/x/y": "opt",
    "README": "README",
}


@pytest.mark.parametrize(("path", "claim"), OWN.items(), ids=OWN)
def test_a_layer_claims_its_own_folders_and_other_files(path: str, claim: str) -> None:
    claimed = collisions.claims([path])
    assert len(claimed) == 1
    frozen = frozenset(claimed)
    assert collisions.touches([path], frozen)
    assert collisions.touches([claim], frozen)
    assert collisions.touches(["other", f"{claim}/more"], frozen)
    above = claim.rpartition("/")[0]
    assert not collisions.touches([f"{above}/elsewhere".strip("/"), f"{claim}x"], frozen)
    assert not collisions.touches([], frozen)


def test_claims_come_back_from_their_text() -> None:
    claimed = collisions.claims(OWN)
    assert len(claimed) == len(OWN)
    text = collisions.encode(claimed)
    assert collisions.decode(text) == claimed
    assert collisions.encode(sorted(claimed, reverse=True)) == text
    assert collisions.decode("") == frozenset()
    assert collisions.encode(collisions.claims(["lib/libz.so", "opt/x"])) == "RV1wQH0Wxig="
