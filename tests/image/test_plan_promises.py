"""What a layer plan promises, on locks that nobody has thought of."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from rattler import RepoDataRecord

from conda_strata.image.families import Family, families
from conda_strata.image.plan import MAX_LAYERS, Layer, default_slots, plan, stacked
from conda_strata.lock.model import Lock
from tests.support.records import SUBDIR, lock_of, record, wheel

BUILT = datetime(2026, 1, 2, tzinfo=UTC)
HOURS = timedelta(hours=1)

seeds = pytest.mark.parametrize("seed", range(3))

WORDS = [f"{prefix}{stem}" for prefix in ("lib", "python-", "py", "r-", "_", "") for stem in "abcd"]
TIMES = [None, *(BUILT + timedelta(minutes=n) for n in range(0, 200, 7))]


def some_packages(chance: Random) -> dict[str, RepoDataRecord]:
    names = chance.sample([*WORDS, *(f"{w}-core" for w in WORDS)], chance.randrange(40))
    return {
        name: record(
            name,
            chance.choice("12"),
            number=chance.randrange(2),
            size=chance.choice([None, chance.randrange(100), chance.randrange(10**9)]),
            built=chance.choice(TIMES),
            depends=chance.sample(["a", "liba", "pyb >=1"], chance.randrange(2)),
        )
        for name in names
    }


def some_locks(seed: int) -> Iterator[tuple[Lock, int]]:
    """Yield locks of two environments, and numbers of layers."""
    chance = Random(seed)  # noqa: S311
    for _ in range(6):
        below = some_packages(chance)
        above = some_packages(chance) | below
        names = chance.choice([("default", "dev"), ("default", "dev"), ("one", "two")])
        wheels = [wheel(f"w{n}") for n in range(chance.randrange(3))]
        sizes = (below, wheels[:1]), (above, wheels)
        lock = lock_of(
            {name: list(found.values()) for name, (found, _) in zip(names, sizes, strict=True)},
            {name: found for name, (_, found) in zip(names, sizes, strict=True)},
        )
        yield lock, chance.choice([2, 3, 8, 12, MAX_LAYERS, chance.randint(2, MAX_LAYERS)])


def own(layers: Sequence[Layer]) -> list[str]:
    return sorted(
        [r.url for layer in layers for r in layer.records]
        + [w.url for layer in layers for w in layer.wheels]
    )


def contents(lock: Lock, environment: str) -> list[str]:
    return sorted(
        [r.url for r in lock.records(environment, SUBDIR)]
        + [w.url for w in lock.wheels_of(environment, SUBDIR)]
    )


@seeds
def test_everything_has_one_place_within_the_limit(seed: int) -> None:
    cases = ((name, *case) for case in some_locks(seed) for name in case[0].environments)
    for environment, lock, most in cases:
        layers = plan(lock, environment, SUBDIR, most)
        assert own(layers) == contents(lock, environment)
        slots = [layer.slot for layer in layers]
        assert slots == sorted(set(slots))
        assert all(0 <= slot < most for slot in slots)
        assert all(layer.records or layer.wheels for layer in layers)
        for layer in layers:
            names = [r.name.normalized for r in layer.records]
            assert names == sorted(names)


@seeds
def test_dev_is_default_and_more_in_slots_of_its_own(seed: int) -> None:
    for lock, most in some_locks(seed):
        if "default" not in lock.environments:
            continue
        below = plan(lock, "default", SUBDIR, most)
        dev = plan(lock, "dev", SUBDIR, most)
        shared = default_slots(lock, SUBDIR, most)
        assert dev[: len(below)] == below
        assert all(layer.slot < shared for layer in below)
        assert all(layer.slot >= shared for layer in dev[len(below) :])


@seeds
def test_wheels_are_in_the_last_slot_and_alone_in_it(seed: int) -> None:
    for lock, most in some_locks(seed):
        shared = default_slots(lock, SUBDIR, most) if "default" in lock.environments else most
        for environment in lock.environments:
            for layer in plan(lock, environment, SUBDIR, most):
                if layer.wheels:
                    ends = {shared - 1, most - 1} if shared < most else {most - 1}
                    assert layer.slot in ends
                    assert not layer.records or shared == 1 or most - shared == 1


def made(sizes: Sequence[int], *, oldest_last: bool = False) -> list[RepoDataRecord]:
    """Packages without anything in common, in the order of their sizes; built an hour apart."""
    turn = -1 if oldest_last else 1
    return [
        record(f"p{n:03}", f"{n}.0", size=size, built=BUILT + turn * 3 * n * HOURS)
        for n, size in enumerate(sizes)
    ]


def names(layer: Layer) -> list[str]:
    return [r.name.normalized for r in layer.records]


@pytest.mark.parametrize("most", [2, 3, 5, 6, 7, 24, 25, 48, 51, 72, 75, 95, 96])
@pytest.mark.parametrize("wheels", [0, 1])
def test_a_third_of_the_slots_is_shared_and_the_biggest_have_the_others(
    most: int, wheels: int
) -> None:
    shared = max(1, most // 3)
    alone = most - shared - wheels
    records = made(range(10_000, 9_700, -1))
    lock = lock_of({"default": records}, {"default": [wheel(f"w{n}") for n in range(wheels)]})
    layers = {layer.slot: names(layer) for layer in plan(lock, "default", SUBDIR, most)}
    assert [layers[slot] for slot in range(alone)] == [[f"p{n:03}"] for n in range(alone)]
    small = -(-shared // 8)
    at = {name: slot for slot, found in layers.items() for name in found}
    others = [f"p{n:03}" for n in range(alone, len(records))]
    middling = 5 * (shared - small)
    assert all(alone <= at[name] < most - wheels - small for name in others[:middling])
    assert all(most - wheels - small <= at[name] < most - wheels for name in others[middling:])
    if most > 6:
        assert len({at[name] for name in others[:middling]}) > (shared - small) * 0.7
        assert {at[name] for name in others[middling:]} == set(
            range(most - wheels - small, most - wheels)
        )


@pytest.mark.parametrize("most", [2, 12, 96])
@pytest.mark.parametrize("wheels", [0, 1])
def test_with_a_slot_for_each_nothing_is_shared(most: int, wheels: int) -> None:
    found = [wheel("w")][:wheels]
    just = lock_of({"default": made(range(most - wheels))}, {"default": found})
    assert all(len(x.records) + len(x.wheels) == 1 for x in plan(just, "default", SUBDIR, most))
    one_more = lock_of({"default": made(range(most - wheels + 1))}, {"default": found})
    assert any(len(x.records) > 1 for x in plan(one_more, "default", SUBDIR, most))


def test_of_the_biggest_the_oldest_is_lowest() -> None:
    lock = lock_of({"default": made(range(10_000, 9_800, -1), oldest_last=True)})
    layers = plan(lock, "default", SUBDIR)
    assert [names(layer) for layer in layers[:64]] == [[f"p{n:03}"] for n in range(63, -1, -1)]


def test_names_decide_between_packages_of_one_size_and_time() -> None:
    names_ = [f"{a}{b}" for a in "abcdefghij" for b in "klmnopqrst"]
    records = [record(name, f"{n}", size=5) for n, name in enumerate(names_)]
    layers = plan(lock_of({"default": records}), "default", SUBDIR)
    assert [names(layer) for layer in layers[:64]] == [[name] for name in names_[:64]]


def test_where_packages_lie_stays_what_it_is() -> None:
    """Another place in a new release would make the layers of all images again."""
    lock = lock_of({"default": made(range(10_000, 9_900, -1))})
    layers = plan(lock, "default", SUBDIR, 12)
    assert {layer.slot: names(layer)[:3] for layer in layers[8:]} == {
        8: ["p011", "p012", "p015"],
        9: ["p009", "p014", "p016"],
        10: ["p008", "p010", "p013"],
        11: ["p023", "p024", "p025"],
    }


def test_packages_of_one_project_share_a_shared_layer() -> None:
    """What is common to their names decides, so that they move together."""
    big = made(range(10**6, 10**6 - 300, -1))
    kin = [record(name, f"0.{n}", size=1) for n, name in enumerate(["libzz-a", "zz", "python-zz"])]
    layers = plan(lock_of({"default": [*big, *kin]}), "default", SUBDIR)
    assert len({x.slot for x in layers for r in x.records if r in kin}) == 1


@pytest.mark.parametrize("most", [2, 7, 9, 12, 50, 96])
@pytest.mark.parametrize("count", [0, 1, 2, 5, 6, 11, 12, 35, 36, 71, 72, 83, 84, 90])
def test_default_has_as_few_eighths_as_give_each_family_a_layer(count: int, most: int) -> None:
    lock = lock_of({"default": made(range(count)), "dev": made(range(count))})
    slots = default_slots(lock, SUBDIR, most)
    eighths = [max(1, most * n // 8) for n in range(1, 8)]
    assert slots in eighths
    enough = [n for n in eighths if n > count]
    assert slots == (enough[0] if enough else eighths[-1])


@seeds
def test_no_layer_lies_on_one_a_quarter_of_its_size(seed: int) -> None:
    chance = Random(seed)  # noqa: S311
    sizes = [chance.randrange(2 ** chance.randrange(1, 40)) for _ in range(40)]
    layers = [Layer(n, (record(f"p{n}", size=size),)) for n, size in enumerate(sizes)]
    found = stacked(layers)
    assert sorted(found, key=lambda x: x.slot) == layers
    for n, lower in enumerate(found):
        assert all(upper.bytes < 4 * lower.bytes or not upper.bytes for upper in found[n + 1 :])


@pytest.mark.parametrize("power", range(12))
def test_layers_of_about_one_size_are_in_the_order_of_their_slots(power: int) -> None:
    """So that one that changed a little does not move: sizes count in steps of four times."""
    low, high = 4**power, 4 ** (power + 1) - 1
    layers = [Layer(n, (record("p", size=size),)) for n, size in enumerate([low, high, low])]
    assert [x.slot for x in stacked(reversed(layers))] == [0, 1, 2]
    below = [Layer(0, (record("p", size=low - 1),)), Layer(1, (record("p", size=low),))]
    assert [x.slot for x in stacked(below)] == [1, 0]


# Families.


def kin(*built: datetime | None) -> list[RepoDataRecord]:
    return [record(f"liba-{n}", built=time) for n, time in enumerate(built)]


def divided(records: Sequence[RepoDataRecord]) -> list[list[str]]:
    return sorted([r.name.normalized for r in family.records] for family in families(records))


def test_two_hours_apart_is_one_build_and_a_second_more_is_not() -> None:
    limit = 2 * HOURS
    assert divided(kin(BUILT, BUILT + limit)) == [["liba-0", "liba-1"]]
    later = BUILT + limit + timedelta(seconds=1)
    assert divided(kin(BUILT, later)) == [["liba-0"], ["liba-1"]]


def test_a_build_goes_on_from_package_to_package() -> None:
    times = [BUILT + n * 2 * HOURS for n in range(4)]
    assert len(divided(kin(*times))) == 1
    assert len(divided(kin(*times[:2], *times[3:]))) == 2


@pytest.mark.parametrize("times", [(None, BUILT), (BUILT, None), (None, None)])
def test_who_does_not_say_when_is_alone(times: tuple[datetime | None, ...]) -> None:
    assert divided(kin(*times)) == [["liba-0"], ["liba-1"]]


def one(name: str, version: str = "1.0", number: int = 0, *depends: str) -> RepoDataRecord:
    return record(name, version, number=number, depends=list(depends), built=BUILT)


@pytest.mark.parametrize(
    ("records", "count"),
    [
        ([one("arrow"), one("libarrow")], 1),
        ([one("arrow"), one("libarrow", "1.1")], 2),
        ([one("arrow"), one("libarrow", number=1)], 2),
        ([one("arrow"), one("boost")], 2),
        ([one("arrow", "1.0", 0, "boost >=1"), one("boost")], 1),
        ([one("arrow"), one("boost", "1.0", 0, "arrow")], 1),
        ([one("arrow"), one("boost", "1.0", 0, "arrows")], 2),
        ([one("a", "1.0", 0, "b"), one("b"), one("c", "1.0", 0, "b"), one("d")], 2),
        ([one("python-arrow"), one("pyarrow"), one("r-arrow"), one("libarrow-acero")], 1),
        ([one("_openmp"), one("_libgcc")], 2),
    ],
)
def test_a_family_has_one_release_and_a_tie(records: list[RepoDataRecord], count: int) -> None:
    found = divided(records)
    assert len(found) == count
    assert found == divided(records[::-1])
    assert sorted(name for family in found for name in family) == sorted(
        r.name.normalized for r in records
    )


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("libarrow-acero", "arrow"),
        ("pyarrow", "arrow"),
        ("python-arrow", "arrow"),
        ("r-arrow.x", "arrow"),
        ("arrow", "arrow"),
        ("_openmp_mutex", "_openmp_mutex"),
    ],
)
def test_the_stem_is_what_names_of_one_project_share(name: str, stem: str) -> None:
    assert Family((one(name),)).stem == stem


def test_a_family_is_as_big_as_all_and_as_young_as_its_youngest() -> None:
    family = Family(
        (
            record("a", size=5, built=BUILT),
            record("b", built=BUILT + HOURS),
            record("c", size=7),
        )
    )
    assert (family.name, family.bytes) == ("a", 12)
    assert family.built == (BUILT + HOURS).timestamp()
    assert Family((record("a"),)).built == 0


@pytest.mark.parametrize(
    ("sizes", "divided_as"),
    [
        ((900, 60, 40), [["liba-0"], ["liba-1", "liba-2"]]),
        ((899, 60, 41), [["liba-0", "liba-1", "liba-2"]]),
        ((60, 900), [["liba-0"], ["liba-1"]]),
        ((500, 500), [["liba-0", "liba-1"]]),
        ((0, 0), [["liba-0", "liba-1"]]),
        ((None, 5), [["liba-0"], ["liba-1"]]),
    ],
)
def test_who_outweighs_its_family_is_alone(
    sizes: tuple[int | None, ...], divided_as: list[list[str]]
) -> None:
    """So its layer is the same in a project that has it without the rest."""
    records = [record(f"liba-{n}", size=size, built=BUILT) for n, size in enumerate(sizes)]
    assert divided(records) == divided(records[::-1]) == divided_as


@seeds
def test_families_divide_what_there_is(seed: int) -> None:
    records = list(some_packages(Random(seed)).values())  # noqa: S311
    found = list(families(records))
    assert sorted(r.url for family in found for r in family.records) == sorted(
        r.url for r in records
    )
    for family in found:
        assert len({(str(r.version), r.build_number) for r in family.records}) == 1
        assert [r.name.normalized for r in family.records] == sorted(
            r.name.normalized for r in family.records
        )


def in_pairs(count: int) -> Iterator[RepoDataRecord]:
    for n in range(0, count, 2):
        yield one(f"p{n}")
        yield one(f"q{n}", "1.0", 0, f"p{n}")


def in_a_row(count: int) -> Iterator[RepoDataRecord]:
    for n in range(count):
        yield one(f"p{n}", "1.0", 0, f"p{n + 1}", "python")


def around_one(count: int) -> Iterator[RepoDataRecord]:
    for n in range(count):
        yield one(f"p{n}", "1.0", 0, "p0")


def calls(count: int, shape: Callable[[int], Iterator[RepoDataRecord]]) -> Counter[str]:
    """What is called to divide so many packages of one release."""
    records = list(shape(count))
    called = Counter[str]()
    sys.setprofile(lambda _frame, event, _argument: called.update([event]))
    try:
        list(families(records))
    finally:
        sys.setprofile(None)
    return called


@pytest.mark.parametrize("shape", [in_pairs, in_a_row, around_one])
def test_twice_the_packages_of_one_release_are_twice_the_work(
    shape: Callable[[int], Iterator[RepoDataRecord]],
) -> None:
    less, more = calls(100, shape), calls(200, shape)
    assert less["call"] > 100
    assert more.total() < 2.2 * less.total()
