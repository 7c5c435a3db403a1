from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from conda_strata.core.errors import UsageError
from conda_strata.image.plan import Layer, plan
from conda_strata.lock.model import Lock
from conda_strata.pypi.wheel import Wheel
from tests.support.records import SUBDIR, lock_of, record

BUILT = datetime(2026, 1, 2, tzinfo=UTC)


def lock(**environments: Mapping[str, int]) -> Lock:
    return lock_of(
        {
            name: [record(package, size=size) for package, size in sorted(packages.items())]
            for name, packages in environments.items()
        }
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


def upgraded(name: str, size: int, built: datetime | None = None) -> Lock:
    records = [
        record(name, "2.0", size=size, built=built) if r.name.normalized == name else r
        for r in lock(default=STACK).records("default", SUBDIR)
    ]
    return lock_of({"default": records})


@pytest.mark.parametrize("name", ["big39", "big05", "small001", "small149"])
def test_an_upgrade_changes_one_layer(name: str) -> None:
    before = plan(lock(default=STACK), "default", SUBDIR)
    after = plan(upgraded(name, STACK[name]), "default", SUBDIR)
    assert len({layer.key for layer in after} - {layer.key for layer in before}) == 1


def test_what_was_built_last_is_above_other_big_ones() -> None:
    """So that who has the image unpacks nothing again but it and what is small."""
    layers = plan(upgraded("big05", STACK["big05"], BUILT), "default", SUBDIR)
    alone = [layer for layer in layers if len(layer.records) == 1]
    (newest,) = (x for x in alone if x.records[0].name.normalized == "big05")
    assert [x.slot for x in layers if x.slot > newest.slot and x.bytes >= 10**6] == []


def test_packages_of_one_build_share_a_layer() -> None:
    """Same version and build number, minutes apart, and of one name; else they are on their own."""
    minute = timedelta(minutes=1)
    times = {"libbig": BUILT, "libbig-core": BUILT + minute, "libbig-late": BUILT + 200 * minute}
    records = [
        *lock(default=STACK).records("default", SUBDIR),
        *(record(name, "3.1", size=10**8, built=time) for name, time in times.items()),
        record("other", "3.2", size=10**8, built=BUILT),
        record("stranger", "3.1", size=10**8, built=BUILT),
    ]
    layers = plan(lock_of({"default": records}), "default", SUBDIR)
    assert {
        frozenset({"libbig", "libbig-core"}),
        frozenset({"libbig-late"}),
        frozenset({"other"}),
        frozenset({"stranger"}),
    } <= names(layers)


def test_few_packages_need_no_sharing() -> None:
    few = {name: size for name, size in STACK.items() if name.startswith("big")}
    layers = plan(lock(default=few), "default", SUBDIR)
    assert all(len(layer.records) == 1 for layer in layers)


@pytest.mark.parametrize(("default", "slots"), [(1, 12), (11, 12), (12, 24), (50, 60), (190, 84)])
def test_the_smaller_default_is_the_more_layers_others_have(default: int, slots: int) -> None:
    """In steps, so that a package more in default seldom moves those of dev."""
    below = dict(list(STACK.items())[:default])
    both = lock(default=below, dev=below | {f"tool{i}": 10**7 for i in range(200)})
    layers = plan(both, "dev", SUBDIR)
    tools = [x for x in layers if x.records[0].name.normalized.startswith("tool")]
    assert min(layer.slot for layer in tools) == slots
    assert len(layers) <= 96


def test_a_wheel_more_leaves_shared_layers_as_they_are() -> None:
    before = lock(default=STACK)
    wheel = Wheel("w", "1", "https://example.org/w-1-py3-none-any.whl", "0" * 64)
    after = replace(before, wheels={"default": {SUBDIR: (wheel,)}})
    new = names(plan(after, "default", SUBDIR)) - names(plan(before, "default", SUBDIR))
    assert len(new) <= 2  # the wheel's, and the one that the smallest of the big ones moved to


def test_order_of_the_lock_does_not_matter() -> None:
    straight = lock(default=STACK)
    turned = Lock(
        {"default": {SUBDIR: straight.records("default", SUBDIR)[::-1]}}, (), Path("strata.lock")
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
