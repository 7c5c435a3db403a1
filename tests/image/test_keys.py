"""Keys of layers and images: each input changes them, and nothing else does.

A key that forgets an input uses a wrong layer again without a word. The keys of today's format are
written down: to change one is to make every layer that is in a registry again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from conda_strata.core.errors import UsageError
from conda_strata.image import key, layer_set
from conda_strata.image.layer_set import HISTORY, LayerSet
from conda_strata.image.plan import Layer
from conda_strata.image.slim import CLASSES
from conda_strata.prefix.variables import SCRIPT, STATE
from conda_strata.pypi.wheel_tags import Target
from conda_strata.spec.manifest import Manifest
from tests.support.records import SUBDIR, lock_of, record, wheel

PYTHON = record("python", "3.12.4")
NATIVE = record("zlib")
PURE = record("frames", subdir="noarch", noarch="python")
GLIBC = {"__glibc": ("2.28", "0")}
TARGET = Target("3.12.4", SUBDIR, GLIBC)

NATIVE_LAYER = Layer(3, (NATIVE, record("zstd")))
PURE_LAYER = Layer(3, (PURE,))
WHEEL_LAYER = Layer(3, (), (wheel("rich"), wheel("pip")))
EVERYTHING = Layer(3, (NATIVE, PURE), (wheel("rich"),))


def layers(layer: Layer, **changed: Any) -> LayerSet:
    files = {3: {PurePosixPath("conda-meta/state"): "{}"}, 4: {PurePosixPath("x"): "y"}}
    start = LayerSet(
        [layer], [PYTHON, NATIVE, PURE], 0, files, SUBDIR, "/opt/env", TARGET, slim=False
    )
    return replace(start, **changed)


def key_of(layer: Layer, **changed: Any) -> str:
    return layers(layer, **changed).key(layer)


def python(version: str, **more: Any) -> dict[str, Any]:
    return {
        "records": [record("python", version, **more), NATIVE, PURE],
        "target": Target(version, SUBDIR, GLIBC),
    }


def files(name: str, text: str) -> dict[str, Any]:
    return {"files": {3: {PurePosixPath(name): text}}}


INPUTS: dict[str, dict[str, Any]] = {
    "prefix": {"prefix": "/opt/other"},
    "slim": {"slim": True},
    "the minor version of Python": python("3.13.0"),
    "the folder of Python's packages": python(
        "3.12.4", python_site_packages_path="lib/python3.12t/site-packages"
    ),
    "the glibc that wheels fit": {"target": Target("3.12.4", SUBDIR, {"__glibc": ("2.17", "0")})},
    "the machine that wheels fit": {"target": Target("3.12.4", "linux-aarch64", GLIBC)},
    "no Python": {"target": None},
    "a file's name": files("conda-meta/status", "{}"),
    "a file's text": files("conda-meta/state", "{} "),
    "a file more": {
        "files": {3: {PurePosixPath("conda-meta/state"): "{}", PurePosixPath("b"): ""}}
    },
    "no file": {"files": {}},
}


@pytest.mark.parametrize("changed", INPUTS.values(), ids=INPUTS)
def test_each_input_of_a_layer_changes_its_key(changed: dict[str, Any]) -> None:
    assert key_of(EVERYTHING, **changed) != key_of(EVERYTHING)


def test_no_two_changes_are_the_same() -> None:
    assert len({key_of(EVERYTHING, **changed) for changed in INPUTS.values()}) == len(INPUTS)


def test_the_format_changes_every_key(monkeypatch: pytest.MonkeyPatch) -> None:
    before = [key_of(layer) for layer in (NATIVE_LAYER, PURE_LAYER, WHEEL_LAYER)]
    monkeypatch.setattr(layer_set, "FORMAT", "another")
    after = [key_of(layer) for layer in (NATIVE_LAYER, PURE_LAYER, WHEEL_LAYER)]
    assert not set(before) & set(after)


@pytest.mark.parametrize("name", CLASSES)
def test_what_slim_leaves_out_is_an_input(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    before = key_of(NATIVE_LAYER, slim=True)
    plain = key_of(NATIVE_LAYER)
    fewer = {other: pattern for other, pattern in CLASSES.items() if other != name}
    monkeypatch.setattr(layer_set, "CLASSES", fewer)
    assert key_of(NATIVE_LAYER, slim=True) != before
    assert key_of(NATIVE_LAYER) == plain


OTHERS: dict[str, dict[str, Any]] = {
    "the platform": {"subdir": "linux-aarch64"},
    "files of another slot": {"files": {**layers(NATIVE_LAYER).files, 4: {}}},
    "how many slots are shared": {"shared": 12},
    "a patch release of Python": python("3.12.5"),
}
NOT_OF_NATIVE = OTHERS | {
    "the minor version of Python": python("3.13.0"),
    "the glibc that wheels fit": INPUTS["the glibc that wheels fit"],
    "no Python": {"target": None, "records": [NATIVE]},
}
NOT_OF_PURE = OTHERS | {"the glibc that wheels fit": INPUTS["the glibc that wheels fit"]}


@pytest.mark.parametrize("changed", NOT_OF_NATIVE.values(), ids=NOT_OF_NATIVE)
def test_nothing_else_changes_the_key_of_a_native_layer(changed: dict[str, Any]) -> None:
    assert key_of(NATIVE_LAYER, **changed) == key_of(NATIVE_LAYER)


@pytest.mark.parametrize("changed", NOT_OF_PURE.values(), ids=NOT_OF_PURE)
def test_nothing_else_changes_the_key_of_a_layer_of_modules(changed: dict[str, Any]) -> None:
    assert key_of(PURE_LAYER, **changed) == key_of(PURE_LAYER)
    assert key_of(PURE_LAYER, **INPUTS["the minor version of Python"]) != key_of(PURE_LAYER)


PACKAGES: dict[str, Layer] = {
    "a version": Layer(3, (record("zlib", "1.1"),), (wheel("rich"),)),
    "a build": Layer(3, (record("zlib", build="h1_1"),), (wheel("rich"),)),
    "a hash": Layer(3, (record("zlib", sha256=b"\1" * 32),), (wheel("rich"),)),
    "no hash": Layer(3, (record("zlib", sha256=None),), (wheel("rich"),)),
    "a name": Layer(3, (record("zlib2"),), (wheel("rich"),)),
    "one more": Layer(3, (record("zlib"), record("zstd")), (wheel("rich"),)),
    "a wheel's version": Layer(3, (record("zlib"),), (wheel("rich", "2.0"),)),
    "a wheel's hash": Layer(3, (record("zlib"),), (wheel("rich", sha256="a" * 64),)),
    "a wheel's URL": Layer(
        3, (record("zlib"),), (wheel("rich")._replace(url="https://other.example/rich.whl"),)
    ),
    "no wheel": Layer(3, (record("zlib"),)),
}


def test_each_package_changes_the_key() -> None:
    start = Layer(3, (record("zlib"),), (wheel("rich"),))
    keys = {layer.key for layer in (start, *PACKAGES.values())}
    assert len(keys) == len(PACKAGES) + 1
    assert len({key_of(layer) for layer in (start, *PACKAGES.values())}) == len(PACKAGES) + 1


def test_place_size_and_age_of_packages_change_no_key() -> None:
    built = datetime(2026, 1, 2, tzinfo=UTC)
    other = record("zlib", size=5, built=built, license="MIT", channel="https://mirror.example/")
    assert Layer(0, (other,)).key == Layer(7, (record("zlib"),)).key


STAYS = {
    "068bb4dfeb315cade32710cfae9ffe2b9c4d5fdc4d915d573750353418f64c0e": lambda: (
        Layer(0, (NATIVE,), (wheel("rich"),)).key
    ),
    "0b86ee7dcdae4db1646cd270f862b259c1d3dbf702e45cca716a5fa9c6a40be8": lambda: key_of(EVERYTHING),
    "3f34717909781f0c830a939ae3f6bbdfb58d6b3d885783e2d134cc35adc6cfee": lambda: key_of(
        EVERYTHING, slim=True
    ),
    "37664b19301f46515688d5a22cb9ee1852e0b6443e28c7f36340a13962f0c4f7": lambda: (
        key.content_key({"b": "2", "a": "1"}).digest
    ),
    "cb374b3fc2a89438af53a764a9c5846c85b6b4f882e03080c5be79786f138243": lambda: key.lock_inputs(
        lock_of({"default": [PYTHON]}, {"default": [wheel("rich")]}), ["default"]
    )["default/linux-64"],
}


@pytest.mark.parametrize(("said", "made"), STAYS.items(), ids=range(len(STAYS)))
def test_keys_of_this_format_stay_what_they_are(said: str, made: Callable[[], str]) -> None:
    assert layer_set.FORMAT == "5"
    assert made() == said


# The layers of an environment.


def manifest(**variables: dict[str, str]) -> Manifest:
    return Manifest({}, (), (SUBDIR,), (), variables=variables)


BOTH = lock_of({"default": [PYTHON, NATIVE], "dev": [PYTHON, NATIVE, PURE]})
ALONE = lock_of({"default": [PYTHON, NATIVE]})


def test_what_belongs_to_no_package_is_in_the_last_slot_of_a_share() -> None:
    said = manifest(default={"A": "1"}, dev={"B": "2"})
    found = LayerSet.of(BOTH, said, "dev", SUBDIR)
    assert found.shared == 12
    assert {slot: list(texts) for slot, texts in found.files.items()} == {
        11: [HISTORY, STATE, SCRIPT],
        95: [STATE, SCRIPT],
    }
    assert "B" not in found.files[11][SCRIPT]
    assert found.files[95][SCRIPT] == "export A=1\nexport B=2\n"
    assert found.files[11][HISTORY] == ""
    assert [layer.slot for layer in found.layers] == [0, 1, 11, 12, 95]
    assert [len(layer.records) for layer in found.layers] == [1, 1, 0, 1, 0]
    assert [[x.slot for x in part] for part in found.parts()] == [[0, 1, 11], [12, 95]]


def test_default_is_the_same_on_its_own_and_below_another() -> None:
    said = manifest(default={"A": "1"}, dev={"B": "2"})
    dev = LayerSet.of(BOTH, said, "dev", SUBDIR)
    default = LayerSet.of(BOTH, said, "default", SUBDIR)
    assert default.shared == 0
    keys = [default.key(layer) for layer in default.layers]
    assert keys == [dev.key(layer) for layer in dev.parts()[0]]
    assert [len(part) for part in default.parts()] == [3]


def test_an_environment_alone_has_all_slots() -> None:
    found = LayerSet.of(ALONE, None, "default", SUBDIR, max_layers=10)
    assert (found.shared, dict(found.files)) == (0, {9: {HISTORY: ""}})
    assert found.target == Target("3.12.4", SUBDIR, found.target.assumed if found.target else {})
    assert (found.prefix, found.slim) == ("/opt/env", False)
    assert LayerSet.of(ALONE, None, "default", SUBDIR, slim=True).slim


def test_environments_without_default_share_nothing() -> None:
    lock = lock_of({"one": [PYTHON], "two": [PYTHON, NATIVE]})
    found = LayerSet.of(lock, manifest(two={"B": "2"}), "two", SUBDIR)
    assert (found.shared, list(found.files)) == (0, [95])
    assert list(found.files[95]) == [HISTORY, STATE, SCRIPT]


def test_without_variables_of_its_own_dev_has_no_layer_for_them() -> None:
    found = LayerSet.of(BOTH, manifest(default={"A": "1"}), "dev", SUBDIR)
    assert [layer.slot for layer in found.layers] == [0, 1, 11, 12]


@pytest.mark.parametrize("prefix", ["opt/env", "", "/", "//", "env"])
def test_the_prefix_is_an_absolute_folder(prefix: str) -> None:
    with pytest.raises(UsageError, match="a path inside the image"):
        LayerSet.of(ALONE, None, "default", SUBDIR, prefix=prefix)


# The key of an image.


def test_order_of_inputs_does_not_matter_and_all_else_does() -> None:
    inputs = {"a": "1", "b": "2"}
    start = key.content_key(inputs)
    assert key.content_key(dict(reversed(inputs.items()))) == start
    assert list(start.inputs) == ["a", "b"]
    others = [{"a": "2", "b": "1"}, {"a": "1"}, {"a1": "", "b": "2"}, {"a": "1b", "": "2"}]
    assert len({start.digest, *(key.content_key(o).digest for o in others)}) == 5
    assert (start.short, len(start.short)) == (start.digest[:16], 16)


Packages = tuple[list[Any], list[Any]]
LOCKED: dict[str, Packages] = {
    "a version": ([PYTHON, record("zlib", "1.1")], [wheel("rich")]),
    "a hash": ([PYTHON, record("zlib", sha256=b"\1" * 32)], [wheel("rich")]),
    "one less": ([PYTHON], [wheel("rich")]),
    "a wheel's version": ([PYTHON, NATIVE], [wheel("rich", "2.0")]),
    "a wheel's hash": ([PYTHON, NATIVE], [wheel("rich", sha256="a" * 64)]),
    "no wheel": ([PYTHON, NATIVE], []),
}


def test_each_package_of_the_lock_is_an_input() -> None:
    start: Packages = ([PYTHON, NATIVE], [wheel("rich")])
    found = [
        key.lock_inputs(lock_of({"default": records}, {"default": wheels}), ["default"])
        for records, wheels in (start, *LOCKED.values())
    ]
    assert all(one.keys() == {f"default/{SUBDIR}"} for one in found)
    assert len({str(one) for one in found}) == len(LOCKED) + 1


def test_only_what_is_in_images_is_an_input() -> None:
    lock = replace(
        BOTH,
        environments={
            name: {SUBDIR: [NATIVE], "linux-aarch64": [NATIVE], "osx-arm64": [NATIVE]}
            for name in ("default", "dev", "docs")
        },
    )
    inputs = key.lock_inputs(lock, {"default", "dev"})
    linux = (SUBDIR, "linux-aarch64")
    assert set(inputs) == {f"{name}/{subdir}" for name in ("default", "dev") for subdir in linux}
    assert set(key.lock_inputs(lock, ["dev"], [SUBDIR])) == {f"dev/{SUBDIR}"}
    with pytest.raises(UsageError, match="no Linux platform"):
        key.lock_inputs(lock, ["dev"], ["win-64"])


def test_variables_are_inputs_in_any_order() -> None:
    def inputs(**named: str) -> dict[str, str]:
        return key.variable_inputs({"default": named, "docs": {"X": "1"}}, {"default", "dev"})

    start = inputs(A="1", B="2")
    assert start.keys() == {"default/variables"}
    assert start == inputs(B="2", A="1")
    others = [inputs(A="2", B="1"), inputs(A="1"), inputs(A="1", B="3"), inputs(A="1B=2")]
    assert len({str(one) for one in (start, *others)}) == 5


def test_files_are_inputs_by_name_and_content(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("a")
    two.write_text("b")
    found = key.file_inputs([one, two])
    assert found.keys() == {one.as_posix(), two.as_posix()}
    two.write_text("c")
    assert {
        name for name, value in key.file_inputs([one, two]).items() if value != found[name]
    } == {two.as_posix()}
    with pytest.raises(UsageError, match="cannot be read"):
        key.file_inputs([tmp_path])


def test_files_of_the_image_are_not_those_of_an_editor(tmp_path: Path) -> None:
    for name in ("Dockerfile", "apt.txt", "devcontainer.json", "README.md"):
        (tmp_path / name).touch()
    (tmp_path / "folder").mkdir()
    assert [f.name for f in key.image_files(tmp_path)] == ["Dockerfile", "apt.txt"]
    assert key.image_files(tmp_path / "none") == []
