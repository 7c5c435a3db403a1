"""Another Python index, and packages that pixi builds from source, are differences of two locks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.conftest import Strata
from tests.support.lock_files import Conda, Packages, Pip, write_lock

PYPI = "https://pypi.org/simple"
PYTHON = Conda("python-3.12.4-h1_0_cpython", subdir="linux-64")


def lock(folder: Path, name: str, packages: Packages, indexes: Sequence[str] = (PYPI,)) -> None:
    write_lock(folder / name, {"default": {"linux-64": packages}})
    text = (folder / name).read_text()
    lines = "".join(f"    - {url}\n" for url in indexes)
    assert f"    - {PYPI}\n" in text
    (folder / name).write_text(text.replace(f"    - {PYPI}\n", lines))


def test_another_index(strata: Strata, project: Path) -> None:
    wheels: Packages = [PYTHON, Pip("own-1.0")]
    lock(project, "a.lock", wheels)
    lock(project, "b.lock", wheels, [f"{PYPI}/", "https://me:s3cret@example.org/simple"])
    done = strata("diff", "a.lock", "b.lock")
    assert done.returncode == 1
    assert f"indexes: {PYPI} → {PYPI}, https://example.org/simple" in done.stdout
    assert "s3cret" not in done.stdout
    marked = strata("diff", "a.lock", "b.lock", "--format", "markdown").stdout
    assert f"- indexes: `{PYPI}` → `{PYPI}`, `https://example.org/simple`" in marked
    found = json.loads(strata("diff", "a.lock", "b.lock", "--json").stdout)
    assert found["indexes"] == {"before": [PYPI], "after": [PYPI, "https://example.org/simple"]}
    assert found["same"] is False


def test_first_wheel_of_another_index(strata: Strata, project: Path) -> None:
    """A lock without wheels asks no index; what comes first is compared with PyPI."""
    lock(project, "none.lock", [PYTHON])
    lock(project, "pypi.lock", [PYTHON, Pip("own-1.0")])
    lock(project, "other.lock", [PYTHON, Pip("own-1.0")], ["https://example.org/simple"])
    for old, new, told in (
        ("none", "pypi", False),
        ("none", "other", True),
        ("other", "none", False),
    ):
        said = strata("diff", f"{old}.lock", f"{new}.lock").stdout
        assert "own" in said
        assert ("indexes: https://pypi.org/simple → https://example" in said) == told
        assert ("indexes" in said) == told


@pytest.mark.parametrize(("old", "new", "said"), [("a", "b", "gone"), ("b", "a", "new")])
def test_what_is_built_from_source(
    strata: Strata, project: Path, old: str, new: str, said: str
) -> None:
    url = "https://conda.anaconda.org/conda-forge/noarch/tqdm-4.66.1-py_0.conda"
    source = "conda_source: own[a1b2c3d4] @ ."
    text = (
        "version: 7\nplatforms:\n- name: linux-64\nenvironments:\n  default:\n    channels:\n"
        "    - url: https://conda.anaconda.org/conda-forge/\n    packages:\n      linux-64:\n"
        f"      - {source}\n      - conda: {url}\npackages:\n- {source}\n"
        f"- conda: {url}\n  sha256: {'a' * 64}\n"
    )
    (project / "a.lock").write_text(text)
    (project / "b.lock").write_text(
        text.replace(f"      - {source}\n", "").replace(f"- {source}\n", "")
    )
    done = strata("diff", f"{old}.lock", f"{new}.lock")
    assert done.returncode == 1
    assert f"{said}, built from source by pixi: own (linux-64)" in done.stdout
    assert strata("diff", "a.lock", "a.lock").returncode == 0
