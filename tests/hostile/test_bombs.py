"""Small files that mean much: they end soon, in one message."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.conftest import Strata

HEAD = "channels: [conda-forge]\nplatforms: [linux-64]\n"


def chain(count: int, *, merge: bool) -> str:
    """Each of *count* stands for ten of the one before it."""
    start, form = ("{x: 1}", "{{<<: [{0}]}}") if merge else ("[x]", "[{0}]")
    links = (
        f"a{n}: &a{n} {form.format(', '.join([f'*a{n - 1}'] * 10))}\n" for n in range(1, count)
    )
    return f"a0: &a0 {start}\n{''.join(links)}"


BOMBS = {
    "merges at the top": chain(15, merge=True) + "<<: *a14\ndependencies: []\n",
    "merges in variables": chain(15, merge=True) + HEAD + "variables: *a14\n",
    "lists": chain(15, merge=False) + HEAD + "dependencies: *a14\n",
    "a merge of itself": "&r\n<<: *r\ndependencies: []\n",
    "a merge of what holds it": "x: &x {<<: *x}\n<<: *x\n",
    "one list, many times": HEAD
    + f"p: &p [{'a, ' * 9000}]\ndependencies:\n"
    + "  - {pip: *p}\n" * 9000,
    "many entries": HEAD + "dependencies:\n" + "  - a\n" * 150_000,
    "many entries of a line": HEAD + f"dependencies: [{'a, ' * 300_000}] # [linux]\n",
    "many channels": "channels:\n" + "".join(f"  - c{n}\n" for n in range(90_000)),
    "many keys": "".join(f"k{n}: 1\n" for n in range(80_000)),
    "many faults": "dependencies:\n" + '  - "a["\n' * 100_000,
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS)
def test_environment_files(strata: Strata, project: Path, text: str) -> None:
    (project / "environment.yml").write_text(text)
    start = time.monotonic()
    done = strata("check")
    assert time.monotonic() - start < 15
    assert done.returncode == 3
    assert done.stderr.startswith("error: environment.yml:")
    assert done.stderr.count("\n") == 2
    assert "more than 10,000 entries" in done.stderr or "that holds itself" in done.stderr


@pytest.mark.parametrize("merge", [True, False])
def test_virtual_packages(strata: Strata, project: Path, *, merge: bool) -> None:
    text = chain(15, merge=merge) + "subdirs: {linux-64: {packages: *a14}}\n"
    (project / "virtual-packages.yml").write_text(text)
    done = strata("check")
    assert done.returncode == 3
    assert "more than 10,000 entries" in done.stderr


def test_what_people_share_by_aliases_is_read(strata: Strata, project: Path) -> None:
    many = "".join(f"  - a{n} >={n}\n" for n in range(1500))
    (project / "environment.yml").write_text(
        f"x: &x {{A: b}}\n{HEAD}variables: {{<<: *x, C: d}}\ndependencies:\n{many}"
    )
    done = strata("check")
    assert "error: strata.lock is missing" in done.stderr


LOCK = "version: 1\nmetadata:\n  channels:\n  - url: conda-forge\n  platforms: [linux-64]\n"
PACKAGE = (
    '- name: a\n  version: "1"\n  manager: conda\n  platform: linux-64\n'
    "  url: https://conda.anaconda.org/conda-forge/noarch/a-1-0.conda\n"
    f"  hash: {{sha256: {'a' * 64}}}\n"
)
SHARED = "d: &d {" + ", ".join(f'p{n}: "1"' for n in range(2000)) + "}\n"


def test_a_conda_lock_of_many_dependencies(strata: Strata, project: Path) -> None:
    lock = f"{LOCK}{SHARED}package:\n" + f"{PACKAGE}  dependencies: *d\n" * 2000
    (project / "conda-lock.yml").write_text(lock)
    start = time.monotonic()
    done = strata("plan", "--lock", "conda-lock.yml", "--platform", "linux-64")
    assert time.monotonic() - start < 15
    assert done.returncode == 3
    assert "conda-lock.yml: more than 300,000 dependencies" in done.stderr


@pytest.mark.parametrize("text", ["x" * 50_000_000, "a\n" * 25_000_000], ids=["line", "lines"])
def test_a_large_file_that_is_no_lock(strata: Strata, project: Path, text: str) -> None:
    (project / "strata.lock").write_text(text)
    start = time.monotonic()
    done = strata("check")
    assert time.monotonic() - start < 20
    assert done.returncode == 3
    assert len(done.stderr) < 1000


def test_groups_that_include_each_other(strata: Strata, project: Path) -> None:
    (project / "environment.yml").unlink()
    include = 'g{0} = [{{include-group = "g{1}"}}, {{include-group = "g{1}"}}]\n'
    groups = "".join(include.format(n, n + 1) for n in range(60))
    (project / "pyproject.toml").write_text(f'[dependency-groups]\n{groups}g60 = ["rich"]\n')
    start = time.monotonic()
    done = strata("convert", "--json")
    assert time.monotonic() - start < 15
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("rich") == 61


def test_a_project_of_many_dependencies(strata: Strata, project: Path) -> None:
    (project / "environment.yml").unlink()
    names = "".join(f'p{n} = "*"\n' for n in range(3000))
    (project / "pixi.toml").write_text(f"[workspace]\nchannels = []\n[dependencies]\n{names}")
    start = time.monotonic()
    done = strata("convert")
    assert time.monotonic() - start < 30
    assert done.returncode == 3
    assert "pixi.toml: more than 2,000 entries" in done.stderr


SETTINGS = {
    "deep": "x = " + "[" * 5000,
    "tables": "x = " + "{a = " * 5000,
    "digits": "x = " + "9" * 6000,
    "long name": "[tool.strata.image]\n" + "a." * 400_000 + "b = 1\n",
    "long quoted name": "[" + '"a" . ' * 100_000 + "b]\n",
    "large": "#" * 2_000_000,
}


@pytest.mark.parametrize("text", SETTINGS.values(), ids=SETTINGS)
def test_settings(strata: Strata, project: Path, text: str) -> None:
    (project / "pyproject.toml").write_text(text)
    start = time.monotonic()
    done = strata("image", "digest")
    assert time.monotonic() - start < 8
    assert done.returncode == 3
    assert done.stderr.startswith("error: pyproject.toml")
    assert done.stderr.count("\n") <= 2
