"""Entries of a conda-lock.yml: each field is taken over, and what is none is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from conda_strata.core.errors import LockError
from conda_strata.lock import lockfile
from conda_strata.lock.model import Lock
from tests.support.records import SUBDIR

URL = "https://conda.anaconda.org/conda-forge/linux-64/numpy-1.26.4-py312h_3.conda"


def entry(**changed: Any) -> dict[str, Any]:
    start = {
        "name": "numpy",
        "version": "1.26.4",
        "manager": "conda",
        "platform": SUBDIR,
        "dependencies": {"python": ">=3.12", "odd": "!!", "any": ""},
        "url": URL,
        "hash": {"sha256": "ab" * 32, "md5": "cd" * 16},
    }
    return {name: value for name, value in {**start, **changed}.items() if value is not None}


WHEEL = {
    "name": "Rich_x",
    "version": "14.0",
    "manager": "pip",
    "url": "https://files.pythonhosted.org/rich_x-14.0-py3-none-any.whl",
    "dependencies": {"Pygments": ">=2", "a_b": "*"},
    "hash": {"sha256": "EF" * 32},
}


def conda_lock(tmp_path: Path, *entries: Any, **metadata: Any) -> Lock:
    said = {"channels": [{"url": "conda-forge"}, "https://x.example/y"], "platforms": [SUBDIR]}
    text = yaml.safe_dump(
        {"version": 1, "metadata": said | metadata, "package": list(entries)}, sort_keys=False
    )
    file = tmp_path / "conda-lock.yml"
    file.write_text(text)
    return lockfile.read(file)


def test_a_conda_lock_is_read(tmp_path: Path) -> None:
    found = conda_lock(tmp_path, entry(), entry(**WHEEL))
    (one,) = found.records("default", SUBDIR)
    assert (one.url, one.file_name, one.name.normalized) == (URL, URL.rpartition("/")[2], "numpy")
    assert (str(one.version), str(one.build), one.build_number) == ("1.26.4", "py312h_3", 3)
    assert (one.sha256, one.md5) == (b"\xab" * 32, b"\xcd" * 16)
    assert one.depends == ["python >=3.12", "odd", "any"]
    assert one.noarch.none
    assert one.subdir == SUBDIR
    assert str(one.channel).rstrip("/") == "https://conda.anaconda.org/conda-forge"
    assert found.channels == (
        "https://conda.anaconda.org/conda-forge/", "https://x.example/y/",
    )  # fmt: skip
    (rich,) = found.wheels_of("default", SUBDIR)
    assert (rich.name, rich.version, rich.sha256) == ("rich-x", "14.0", "ef" * 32)
    assert (rich.requires, rich.url) == (("a-b", "pygments"), WHEEL["url"])
    with pytest.raises(LockError, match="strata reads but does not write"):
        lockfile.read(tmp_path / "conda-lock.yml", to_write=True)


@pytest.mark.parametrize(
    ("depends", "python"), [({"python": "*"}, True), ({}, False), ({"pythonx": ""}, False)]
)
def test_kinds_of_noarch_packages_of_a_conda_lock(
    tmp_path: Path, depends: dict[str, str], python: bool
) -> None:
    url = URL.replace(SUBDIR, "noarch")
    (one,) = conda_lock(tmp_path, entry(url=url, dependencies=depends)).records("default", SUBDIR)
    assert (one.noarch.python, one.noarch.generic) == (python, not python)


@pytest.mark.parametrize(
    ("build", "number"), [("0", 0), ("h_12", 12), ("h12", 0), ("h_1234567890", 0), ("h_3x", 0)]
)
def test_build_numbers_of_a_conda_lock(tmp_path: Path, build: str, number: int) -> None:
    url = URL.replace("py312h_3", build)
    (one,) = conda_lock(tmp_path, entry(url=url)).records("default", SUBDIR)
    assert (str(one.build), one.build_number) == (build, number)


def test_categories_are_environments(tmp_path: Path) -> None:
    def of(name: str, category: str | None, **more: Any) -> dict[str, Any]:
        url = f"https://conda.anaconda.org/conda-forge/linux-64/{name}-1-0.conda"
        return entry(name=name, version="1", url=url, category=category, dependencies={}, **more)

    found = conda_lock(
        tmp_path,
        of("b", "dev"),
        of("a", "main"),
        of("c", None),
        of("a", "dev"),
        of("d", "dev", platform="osx-64"),
        entry(**WHEEL, category="dev"),
        platforms=[SUBDIR, "osx-64"],
    )
    names = {
        (name, subdir): [r.name.normalized for r in records]
        for name, solution in found.environments.items()
        for subdir, records in solution.items()
    }
    assert names == {
        ("default", SUBDIR): ["a", "c"],
        ("default", "osx-64"): [],
        ("dev", SUBDIR): ["a", "b", "c"],
        ("dev", "osx-64"): ["d"],
    }
    assert {n: {s: len(w) for s, w in x.items()} for n, x in found.wheels.items()} == {
        "default": {}, "dev": {SUBDIR: 1},
    }  # fmt: skip
    with pytest.raises(LockError, match="a category called 'default'"):
        conda_lock(tmp_path, of("b", "default"))


REFUSED: dict[str, dict[str, Any]] = {
    "no name": {"name": None},
    "no URL": {"url": None},
    "no version": {"version": None},
    "no platform": {"platform": None},
    "a list for a platform": {"platform": []},
    "an empty platform": {"platform": ""},
    "a list for a category": {"category": ["x"]},
    "no manager": {"manager": None},
    "another manager": {"manager": "npm"},
    "another name": {"name": "scipy"},
    "another version": {"version": "1.26.5"},
    "no package": {"url": "https://x.example/numpy"},
    "no folder": {"url": "numpy-1.26.4-py312h_3.conda"},
    "no place": {"url": "https://[x/numpy-1.26.4-py312h_3.conda"},
    "no place of a wheel": {"manager": "pip", "url": "https://[x/numpy-1.26.4-py3-none-any.whl"},
    "a URL without a host": {"url": "x/linux-64/numpy-1.26.4-py312h_3.conda"},
    "a name with a space": {"name": "num py", "url": URL.replace("numpy", "num py")},
    "a version that is none": {"version": "!", "url": URL.replace("1.26.4", "!")},
    "a build that is none": {"url": URL.replace("py312h_3", "py!")},
    "another ending": {"url": URL.replace(".conda", ".zip")},
    "a short hash": {"hash": {"sha256": "ab" * 31}},
    "a long hash": {"hash": {"sha256": "ab" * 33}},
    "no hexadecimal hash": {"hash": {"sha256": "xy" * 32}},
    "a short MD5": {"hash": {"md5": "ab" * 15}},
    "a list of dependencies": {"dependencies": ["python"]},
    "a list for a dependency": {"dependencies": {"python": []}},
    "a list of hashes": {"hash": ["x"]},
}


@pytest.mark.parametrize("changed", REFUSED.values(), ids=REFUSED)
def test_entries_that_are_none(tmp_path: Path, changed: dict[str, Any]) -> None:
    with pytest.raises(LockError, match=r"conda-lock.yml: package 2"):
        conda_lock(tmp_path, entry(), entry(**changed))


@pytest.mark.parametrize("one", ["text", ["list"], None])
def test_entries_are_mappings(tmp_path: Path, one: object) -> None:
    with pytest.raises(LockError, match="package 1: a mapping is missing"):
        conda_lock(tmp_path, one)


METADATA: list[dict[str, Any]] = [
    {"channels": {}}, {"channels": [[]]}, {"channels": [{}]}, {"platforms": "x"}, {"platforms": [[]]},
]  # fmt: skip


@pytest.mark.parametrize("changed", METADATA, ids=str)
def test_metadata_that_is_none(tmp_path: Path, changed: dict[str, Any]) -> None:
    with pytest.raises(LockError, match="metadata or package list"):
        conda_lock(tmp_path, entry(), **changed)


def test_what_a_wheel_requires_is_sorted(tmp_path: Path) -> None:
    names = [f"p{n}" for n in range(9)]
    one = entry(**{**WHEEL, "dependencies": dict.fromkeys(reversed(names), "*")})
    (found,) = conda_lock(tmp_path, one).wheels_of("default", SUBDIR)
    assert list(found.requires) == names


def test_dependencies_are_counted_before_they_are_read(tmp_path: Path) -> None:
    """An alias of YAML makes a small file that stands for many dependencies."""
    many = {f"d{n}": "" for n in range(3000)}
    metadata = f"channels: [conda-forge]\n  platforms: [{SUBDIR}]\n"
    for count, said in ((100, "package 1: "), (101, "more than 300,000 dependencies")):
        entries = f"- dependencies: &all {json.dumps(many)}\n" + "- dependencies: *all\n" * (
            count - 1
        )
        file = tmp_path / "conda-lock.yml"
        file.write_text(f"version: 1\nmetadata:\n  {metadata}package:\n{entries}")
        with pytest.raises(LockError, match=said):
            lockfile.read(file)


def test_a_package_without_hashes_is_read(tmp_path: Path) -> None:
    (one,) = conda_lock(tmp_path, entry(hash={}, dependencies=None)).records("default", SUBDIR)
    assert (one.sha256, one.md5, one.depends) == (None, None, [])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version: 1\nmetadata: [\npackage:\n", r"yml:\d+: not YAML"),
        ("version: 1\nmetadata:\npackage:\n", "metadata or"),
        ("version: 1\nmetadata: \x07\npackage:\n", "is not YAML that can be read"),
    ],
)
def test_yaml_that_is_none(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "conda-lock.yml"
    file.write_text(text)
    with pytest.raises(LockError, match=said):
        lockfile.read(file)
