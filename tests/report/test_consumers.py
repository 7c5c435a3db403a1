"""Exports install their environment in each consumer, and lose nothing on the way."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.conftest import HandMadeChannel, Strata, write_environment
from tests.support.lock_files import Conda, Packages, Pip, write_lock


def test_environment_file_is_locked_again_to_the_same(
    strata: Strata, project: Path, channel: HandMadeChannel, tmp_path: Path
) -> None:
    """With the channel of one package, the variables, and for its one platform."""
    other = HandMadeChannel(tmp_path / "other")
    other.add("numbers", "2.0", depends=["python"])
    other.index()
    file = write_environment(project, channel, ["frames", f"{other.url}::numbers"])
    file.write_text(file.read_text() + "variables: {MODE: '010'}\n")
    strata("lock")
    text = strata("export", "--format", "environment", "--platform", "linux-64").stdout
    found = yaml.safe_load(text)
    assert "nodefaults" not in found["channels"]
    assert f"{other.url}::numbers=2.0=h0_0" in found["dependencies"]
    assert found["variables"] == {"MODE": "010"}
    before = (project / "strata.lock").read_text()
    (project / "strata.lock").unlink()
    file.write_text(text)
    locked = strata("lock")
    assert locked.returncode == 0, locked.stderr
    assert (project / "strata.lock").read_text() == before


def test_wheel_that_is_not_from_pypi_is_named_by_url(strata: Strata, project: Path) -> None:
    """By its version alone another index could answer for it."""
    python = Conda("python-3.12.4-h1_0_cpython", subdir="linux-64")
    packages: Packages = [python, Pip("own-1.0")]
    write_lock(project / "strata.lock", {"default": {"linux-64": packages}})
    lock = project / "strata.lock"
    lock.write_text(lock.read_text().replace("files.pythonhosted.org", "wheels.example.org"))
    (project / "environment.yml").unlink()
    text = strata("export", "--format", "environment", "--platform", "linux-64").stdout
    (requirement,) = yaml.safe_load(text)["dependencies"][-1]["pip"]
    assert requirement.startswith("own @ https://wheels.example.org/")
    assert "#sha256=" in requirement


def test_conda_lock_of_another_environment_is_all_main(
    strata: Strata, project: Path, channel: HandMadeChannel
) -> None:
    """conda-lockfiles and micromamba take this category alone, and conda-lock unless told."""
    write_environment(project, channel, ["tool"], "environment-dev.yml")
    strata("lock")
    text = strata("export", "--format", "conda-lock", "--env", "dev").stdout
    packages = yaml.safe_load(text)["package"]
    assert {package["name"] for package in packages} >= {"tool", "frames"}
    assert {(package["category"], package["optional"]) for package in packages} == {("main", False)}


def test_manager_of_wheels_is_the_one_of_the_schema(strata: Strata, project: Path) -> None:
    """conda-lock's schema has ``pip``; conda-lockfiles 0.2.2 wants ``pypi``, and refuses the file."""
    python = Conda("python-3.12.4-h1_0_cpython", subdir="linux-64")
    packages: Packages = [python, Pip("own-1.0")]
    write_lock(project / "strata.lock", {"default": {"linux-64": packages}})
    (project / "environment.yml").unlink()
    text = strata("export", "--format", "conda-lock").stdout
    found = {package["name"]: package["manager"] for package in yaml.safe_load(text)["package"]}
    assert found == {"python": "conda", "own": "pip"}


def test_template_and_docs_do_not_write_nodefaults() -> None:
    """Conda takes it for a channel since 26.7, and stops."""
    root = Path(__file__).parents[2]
    template = list(root.glob("{{cookiecutter*/environment*.yml"))
    assert template
    for file in (*template, *root.glob("docs/**/*.md")):
        assert "- nodefaults" not in file.read_text("utf-8"), file
