"""Packages into environment.yml and out of it, with lock and prefix in one go."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.conftest import HandMadeChannel, Strata

FILE = """\
# What the analysis needs.
name: study   # of penguins
channels: [{url}]
platforms:
  - linux-64
  - osx-arm64
dependencies:
    # the language
    - python  # any
    - 'numbers <2'   # [linux]
    # plots
    - paths
# the end
"""


@pytest.fixture
def channel(channel: HandMadeChannel, tmp_path: Path) -> HandMadeChannel:
    """A copy of the channel, to add packages to."""
    shutil.copytree(channel.folder, tmp_path / "own-channel")
    return HandMadeChannel(tmp_path / "own-channel")


@pytest.fixture
def study(project: Path, channel: HandMadeChannel) -> Path:
    channel.add("python", "3.11.5", subdir="osx-arm64")
    channel.add("paths", subdir="osx-arm64")
    channel.index()
    (project / "environment.yml").write_text(FILE.format(url=channel.url))
    (project / "environment-dev.yml").write_text("dependencies:\n  - left  # [linux]\n")
    return project


def spec(study: Path, name: str = "environment.yml") -> str:
    return (study / name).read_text()


def held(study: Path) -> set[str]:
    return {p.stem.rsplit("-", 2)[0] for p in (study / ".conda/conda-meta").glob("*.json")}


def test_add_edits_locks_and_installs_and_remove_takes_it_back(strata: Strata, study: Path) -> None:
    before = spec(study)
    added = strata("add", "--platform", "linux", "tool", "right =1")
    assert added.returncode == 0, added.stderr
    assert "environment.yml changed, strata.lock written" in added.stderr
    lines = "    - paths\n    - tool  # [linux]\n    - right =1  # [linux]\n# the end\n"
    assert spec(study) == before.replace("    - paths\n# the end\n", lines)
    assert {"tool", "right", "paths"} <= held(study)
    assert strata("check").returncode == 0
    removed = strata("remove", "tool", "right")
    assert removed.returncode == 0, removed.stderr
    assert "removes 2: right, tool" in removed.stderr
    assert spec(study) == before
    assert not {"tool", "right"} & held(study)


def test_a_version_replaces_the_entry_and_leaves_its_comment(strata: Strata, study: Path) -> None:
    before = spec(study)
    done = strata("add", "python >=3.11", "paths", "--json", "--no-install")
    found = json.loads(done.stdout)
    assert (done.returncode, found["file"], found["edited"]) == (0, "environment.yml", True)
    assert "python" in {change["name"] for change in found["changes"]["osx-arm64"]}
    assert spec(study) == before.replace("- python  # any", "- python >=3.11  # any")


def test_dev_is_the_other_file(strata: Strata, study: Path) -> None:
    assert strata("install").returncode == 1, "nothing is locked"
    (study / "environment-dev.yml").write_text("dependencies:\n  - left\n")
    done = strata("add", "--dev", "--platform", "linux-64", "right", "--no-install")
    assert done.returncode != 0, "left has no build for osx-arm64"
    (study / "environment-dev.yml").write_text("# tools\ndependencies:\n")
    done = strata("add", "--dev", "--platform", "linux-64", "right")
    assert done.returncode == 0, done.stderr
    assert spec(study, "environment-dev.yml") == (
        "# tools\ndependencies:\n  - right  # [linux64]\n"
    )
    assert "right" in held(study)
    assert strata("install").stdout.startswith(".conda: dev, ")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["add", "nonesuch"], 4, "nonesuch"),
        (["add", "tool", "x::[["], 3, "x::[["),
        (["remove", "nonesuch"], 2, "environment.yml does not list 'nonesuch'"),
        (["remove", "left"], 2, "environment.yml does not list 'left'"),
        (["add", "tool", "--platform", "plan9"], 2, "plan9"),
        (["add", "--pip", "git+https://example.org/x"], 3, "the command line: "),
    ],
)
def test_what_fails_changes_nothing(
    strata: Strata, study: Path, words: list[str], code: int, said: str
) -> None:
    (study / "environment-dev.yml").unlink()
    assert strata("lock").returncode == 0
    before = {p.name: p.read_bytes() for p in study.iterdir() if p.is_file()}
    failed = strata(*words)
    assert failed.returncode == code, failed.stderr
    assert said in failed.stderr
    assert {p.name: p.read_bytes() for p in study.iterdir() if p.is_file()} == before


@pytest.mark.parametrize(
    ("before", "words", "after"),
    [
        ("dependencies:\r\n- a\r\n", ["add", "b"], "dependencies:\r\n- a\r\n- b\r\n"),
        ("dependencies:\n  - a", ["add", "b"], "dependencies:\n  - a\n  - b"),
        ("name: x", ["add", "b"], "name: x\ndependencies:\n  - b\n"),
        ("dependencies:\nname: x\n", ["add", "b"], "dependencies:\n  - b\nname: x\n"),
        (
            "dependencies:\n  - a\n",
            ["add", "--pip", "rich>=13"],
            "dependencies:\n  - a\n  - pip:\n      - rich>=13\n",
        ),
        (
            "dependencies:\n  - a\n  - pip:\n    - Rich # x\n",
            ["add", "--pip", "rich>=13"],
            "dependencies:\n  - a\n  - pip:\n    - rich>=13 # x\n",
        ),
        (
            "dependencies:\n  - pip:\n    - rich\n",
            ["add", "b"],
            "dependencies:\n  - b\n  - pip:\n    - rich\n",
        ),
        (
            "dependencies:\n  - a\n  # of PyPI\n  - pip:\n    - rich\nname: x\n",
            ["remove", "rich"],
            "dependencies:\n  - a\n  # of PyPI\nname: x\n",
        ),
        ("dependencies:\n  - a", ["remove", "a"], "dependencies:\n"),
        ("dependencies: [a]\n", ["add", "b"], None),
    ],
)
def test_only_lines_of_entries_change(before: str, words: list[str], after: str | None) -> None:
    from conda_strata.core.errors import ManifestError
    from conda_strata.spec import edit

    file, pip = Path("environment.yml"), "--pip" in words

    def changed() -> str:
        if words[0] == "remove":
            return edit.remove(file, before, words[-1], pip=pip)
        return edit.add(file, before, words[-1], pip=pip, selector=None)

    if after is None:
        with pytest.raises(ManifestError, match=r"environment\.yml:1: a list in brackets"):
            changed()
    else:
        assert changed() == after


JUPYTER = '#!/bin/sh\necho "HOME=$HOME $(pwd) $*"\n'


def test_lab_starts_jupyterlab_in_the_projects_folder(
    strata: Strata, study: Path, channel: HandMadeChannel
) -> None:
    channel.add("jupyterlab", "4.0", {"bin/jupyter-lab": JUPYTER})
    channel.index()
    (study / "environment-dev.yml").unlink()
    assert strata("add", "paths").returncode == 0
    refused = strata("lab")
    assert refused.returncode == 2
    assert "strata add --dev jupyterlab" in refused.stderr
    assert strata("add", "jupyterlab", "--platform", "linux").returncode == 0
    started = strata("lab", "--port", "8899", "--", "--collaborative")
    assert started.returncode == 0, started.stderr
    assert f"{study} --port=8899" in started.stdout
    assert started.stdout.endswith(" --collaborative\n")
    assert "token" in started.stderr
    homeless = strata("lab", HOME="/nonesuch")
    assert "HOME=/nonesuch" not in homeless.stdout
