from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from rattler import BuildString, PackageRecord, RepoDataRecord

from conda_strata.errors import UsageError
from conda_strata.lock import Lock
from conda_strata.plan import Layer, plan

SUBDIR = "linux-64"


def record(name: str, size: int, version: str = "1.0") -> RepoDataRecord:
    package = PackageRecord(name, version, BuildString("h0_0"), 0, SUBDIR, size=size)
    file = f"{name}-{version}-h0_0.conda"
    return RepoDataRecord(
        package, file, f"https://example.org/{SUBDIR}/{file}", "https://example.org/"
    )


def lock(**environments: Mapping[str, int]) -> Lock:
    return Lock(
        {
            name: {SUBDIR: [record(*item) for item in sorted(packages.items())]}
            for name, packages in environments.items()
        },
        (),
        Path("conda.lock"),
    )


def names(layers: list[Layer]) -> set[frozenset[str]]:
    return {frozenset(r.name.normalized for r in layer.records) for layer in layers}


STACK = {f"small{i:03}": 1000 + i for i in range(150)} | {
    f"big{i:02}": 10**6 * (i + 1) for i in range(40)
}


def test_every_package_once_and_within_the_limit() -> None:
    layers = plan(lock(default=STACK), "default", SUBDIR)
    assert sorted(r.name.normalized for layer in layers for r in layer.records) == sorted(STACK)
    assert len({layer.slot for layer in layers}) == len(layers) <= 96


def test_biggest_are_alone() -> None:
    layers = plan(lock(default=STACK), "default", SUBDIR)
    assert {frozenset({name}) for name in STACK if name.startswith("big")} <= names(layers)


@pytest.mark.parametrize("name", ["rich", "cowsay", "aaa", "zzz"])
def test_a_small_package_more_changes_one_layer(name: str) -> None:
    before = plan(lock(default=STACK), "default", SUBDIR)
    after = plan(lock(default=STACK | {name: 10}), "default", SUBDIR)
    assert len(names(after) - names(before)) == 1
    assert len({layer.key for layer in after} - {layer.key for layer in before}) == 1


def test_an_upgrade_stays_in_its_slot() -> None:
    before = plan(lock(default=STACK), "default", SUBDIR)
    upgraded = lock(default=STACK)
    records = [
        record("big39", 41 * 10**6, "2.0") if r.name.normalized == "big39" else r
        for r in upgraded.records("default", SUBDIR)
    ]
    after = plan(Lock({"default": {SUBDIR: records}}, (), Path("x")), "default", SUBDIR)
    moved = [(b.slot, a.slot) for b, a in zip(before, after, strict=True) if a.key != b.key]
    assert len(moved) == 1
    assert moved[0][0] == moved[0][1]


def test_order_of_the_lock_does_not_matter() -> None:
    straight = lock(default=STACK)
    turned = Lock(
        {"default": {SUBDIR: straight.records("default", SUBDIR)[::-1]}}, (), Path("conda.lock")
    )
    assert plan(straight, "default", SUBDIR) == plan(turned, "default", SUBDIR)


@pytest.mark.parametrize("number", [-1, 0, 1, 97, 1000])
def test_layers_are_limited(number: int) -> None:
    with pytest.raises(UsageError, match="2 to 96"):
        plan(lock(default=STACK), "default", SUBDIR, number)


@pytest.mark.parametrize("number", [2, 3, 10, 96])
def test_any_allowed_number_holds_everything(number: int) -> None:
    both = lock(default=STACK, dev=STACK | {"tool": 5, "other": 6})
    layers = plan(both, "dev", SUBDIR, number)
    assert sum(len(layer.records) for layer in layers) == len(STACK) + 2
    assert max(layer.slot for layer in layers) < number
