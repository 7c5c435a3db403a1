"""What the project calls: the pinned commit has it, and both agree on inputs and permissions."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from tests.template.conftest import QUESTIONS, TEMPLATE, Variant, git, need_history

PIN = QUESTIONS["_pin"].split()[0]
OURS = "leej3/ds-cookiecutter/"
RANK = {"none": 0, "read": 1, "write": 2}
LIMIT = 150


def _calls(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    files = sorted((folder / ".github/workflows").glob("*.yml"))
    jobs = [j for p in files for j in yaml.safe_load(p.read_text("utf-8"))["jobs"].values()]
    return [(j["uses"].partition("@")[0].removeprefix(OURS), j) for j in jobs if "uses" in j]


def test_the_pin_is_a_commit_of_this_repository(variant: Variant) -> None:
    """A whole one, in this history, with each workflow and action that the project calls."""
    assert re.fullmatch(r"[0-9a-f]{40} # (unreleased|v\d+\.\d+\.\d+)", QUESTIONS["_pin"])
    need_history()
    git(TEMPLATE, "merge-base", "--is-ancestor", PIN, "HEAD")  # fails where it is none
    for path in (variant.folder / ".github/workflows").glob("*.yml"):
        for name, commit in re.findall(rf"uses: {OURS}(\S+)@(\S+)", path.read_text("utf-8")):
            assert commit == PIN
            file = name if name.endswith(".yml") else f"{name}/action.yml"
            git(TEMPLATE, "cat-file", "-e", f"{PIN}:{file}")


def test_what_the_called_workflows_call_is_as_it_is_now() -> None:
    """An action here is pinned, too: a change of it needs the pins to follow in the next commit."""
    need_history()
    found = set()
    for path in (TEMPLATE / ".github").rglob("*.yml"):
        found |= set(re.findall(rf"uses: {OURS}(\S+)@(\S+)", path.read_text("utf-8")))
    assert found
    for name, commit in found:
        assert git(TEMPLATE, "diff", "--name-only", commit, "--", name) == "", name


def test_calls_fit_what_is_called(variant: Variant) -> None:
    """The inputs, the secrets and the permissions, at the pinned commit."""
    need_history()
    calls = _calls(variant.folder)
    assert len(calls) == (7 if variant.answers["registry"] == "ghcr.io" else 6)
    for name, job in calls:
        called = yaml.safe_load(git(TEMPLATE, "show", f"{PIN}:{name}"))
        asked = called[True]["workflow_call"] or {}
        inputs = asked.get("inputs", {})
        given = job.get("with", {})
        assert set(given) <= set(inputs), name
        assert {k for k, v in inputs.items() if v.get("required")} <= set(given), name
        assert set(job.get("secrets", {})) <= set(asked.get("secrets", {})), name
        for inner in called["jobs"].values():
            for what, access in inner.get("permissions", {}).items():
                assert RANK[access] <= RANK[job["permissions"].get(what, "none")], (name, what)


def test_the_project_keeps_little(variant: Variant) -> None:
    """What runs, that is: the forms for issues and pull requests do not."""
    folder = variant.folder / ".github"
    assert sorted(path.name for path in folder.iterdir() if path.is_dir()) == [
        "ISSUE_TEMPLATE",
        "workflows",
    ]
    files = [folder / "dependabot.yml", *(folder / "workflows").iterdir()]
    lines = sum(len(path.read_text("utf-8").splitlines()) for path in files)
    assert lines < LIMIT, lines


def test_the_tool_is_of_the_same_commit(variant: Variant) -> None:
    """The version stands in one file, which the workflows read."""
    file = variant.folder / ".devcontainer/Dockerfile"
    (tool,) = re.findall(r'(?m)^ARG STRATA="(.*)"$', file.read_text("utf-8"))
    assert PIN in tool or re.fullmatch(r"conda-strata==[\d.]+", tool)
    assert "heads/" not in tool
