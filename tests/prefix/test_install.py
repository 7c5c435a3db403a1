from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import HandMadeChannel, Strata, write_environment


def test_install_and_run(strata: Strata, project: Path, channel: HandMadeChannel) -> None:
    """The lock becomes a prefix, and run activates it as conda does."""
    write_environment(project, channel, ["frames", "paths"])
    strata("lock")
    installed = strata("install")
    assert (installed.returncode, installed.stdout) == (
        0,
        ".conda: default, 4 packages, linux-64\n",
    )
    assert (project / ".conda/lib/python3.11/site-packages/frames/__init__.py").exists()
    assert strata("run", "--", "where").stdout.strip() == str(project / ".conda")
    variables = strata("run", "--", "sh", "-c", 'echo "$PATHS_HOME $CONDA_PREFIX"')
    assert variables.stdout.split() == [str(project / ".conda/share"), str(project / ".conda")]


def test_run_passes_words_and_exit_code_on(strata: Strata) -> None:
    strata("lock")
    strata("install")
    echoed = strata("run", "--", "sh", "-c", 'printf "%s|" "$@"; exit 7', "sh", "a b", "$HOME", "*")
    assert (echoed.returncode, echoed.stdout) == (7, "a b|$HOME|*|")


def test_run_uses_the_active_environment(strata: Strata, project: Path) -> None:
    """Inside the image there is no .conda: the environment is the one that is active."""
    strata("lock")
    strata("install", "--prefix", "elsewhere")
    found = strata("run", "--", "sh", "-c", "echo $CONDA_PREFIX", CONDA_PREFIX="elsewhere")
    assert found.stdout.strip() == str(project / "elsewhere")


def test_install_changes_only_what_differs(
    strata: Strata, project: Path, channel: HandMadeChannel
) -> None:
    strata("lock")
    strata("install")
    meta = project / ".conda/conda-meta"
    before = {p.name: p.stat().st_mtime_ns for p in meta.glob("*.json")}
    write_environment(project, channel, ["frames", "tool"])
    strata("lock")
    assert strata("install").returncode == 0
    after = {p.name: p.stat().st_mtime_ns for p in meta.glob("*.json")}
    assert after.items() - before.items() == {("tool-1.0-h0_0.json", after["tool-1.0-h0_0.json"])}
    write_environment(project, channel, ["frames"])
    strata("lock")
    strata("install")
    assert {p.name for p in meta.glob("*.json")} == before.keys()


def test_key_follows_lock_and_dockerfile(strata: Strata, project: Path) -> None:
    strata("lock")
    dockerfile = project / "Dockerfile"
    dockerfile.write_text("FROM scratch\n")
    first = json.loads(strata("key", "--input", "Dockerfile", "--json").stdout)
    assert strata("key", "--input", "Dockerfile").stdout.strip() == first["key"]
    assert sorted(first["inputs"]) == ["Dockerfile", "default/linux-64"]
    dockerfile.write_text("FROM debian\n")
    second = json.loads(strata("key", "--input", "Dockerfile", "--json").stdout)
    assert first["digest"] != second["digest"]
    assert first["inputs"]["default/linux-64"] == second["inputs"]["default/linux-64"]


@pytest.mark.parametrize("words", [("run",), ("run", "--"), ("frobnicate",), ("layers",), ()])
def test_wrong_words_are_usage_errors(strata: Strata, words: tuple[str, ...]) -> None:
    refused = strata(*words)
    assert refused.returncode == 2
    assert "usage: strata" in refused.stderr
