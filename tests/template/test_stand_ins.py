"""What the workflows ask of actions, and what the actions of that name, or their stand-ins, have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.template.conftest import TEMPLATE, Variant, bake

ACTIONS = TEMPLATE / "rig" / "github" / "actions"
# They need a cloud, or GitHub itself: docs/explanation/the-workflows.md lists what is not executed.
WITHOUT = {
    "actions/dependency-review-action",
    "aws-actions/amazon-ecr-login",
    "aws-actions/configure-aws-credentials",
    "azure/login",
    "google-github-actions/auth",
}


def jobs(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each job of each workflow, with a name for messages."""
    for path in sorted((folder / ".github" / "workflows").glob("*.yml")):
        for name, job in yaml.safe_load(path.read_text("utf-8"))["jobs"].items():
            yield f"{path.name}: {name}", job


def action(uses: str) -> tuple[str, dict[str, Any]]:
    name = uses.partition("@")[0]
    file = ACTIONS / name / "action.yml"
    return name, yaml.safe_load(file.read_text("utf-8")) if file.exists() else {}


def test_every_input_and_output_is_one_of_the_action(variant: Variant) -> None:
    for where, job in jobs(variant.folder):
        ids = {}
        for step in job["steps"]:
            if "uses" not in step:
                continue
            name, known = action(step["uses"])
            if name in WITHOUT:
                continue
            assert known, f"{where}: {name} has no stand-in in rig/github/actions"
            assert set(step.get("with", ())) <= set(known["inputs"]), f"{where}: {name}"
            if "id" in step:
                ids[step["id"]] = set(known.get("outputs", ()))
        for step, output in re.findall(r"steps\.([\w-]+)\.outputs\.([\w-]+)", str(job)):
            assert output in ids.get(step, {output}), f"{where}: {step}.{output}"


def test_every_action_is_pinned_and_says_its_version(variant: Variant) -> None:
    for path in (variant.folder / ".github" / "workflows").glob("*.yml"):
        for line in path.read_text("utf-8").splitlines():
            if "uses:" in line:
                assert re.search(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


@pytest.mark.parametrize("folder", sorted(ACTIONS.glob("*/*/")), ids=lambda p: p.name)
def test_stand_in_says_what_it_stands_for(folder: Path) -> None:
    first = (folder / "action.yml").read_text("utf-8").splitlines()[0]
    name = folder.relative_to(ACTIONS).as_posix()
    assert re.fullmatch(rf"# Stands in for {name} v\d+\.\d+\.\d+\..*", first), first


def test_permissions(variant: Variant) -> None:
    """None at the top; whoever writes does not run the project's code; every job ends in time."""
    for where, job in jobs(variant.folder):
        assert job["permissions"], where
        assert job["timeout-minutes"] <= 60, where
        runs = " ".join(str(step.get("run", "")) for step in job["steps"])
        if "docker run" in runs or "pytest" in runs:
            written = {k for k, v in job["permissions"].items() if v == "write"}
            assert written <= {"id-token"}, where
    for path in (variant.folder / ".github" / "workflows").glob("*.yml"):
        workflow = yaml.safe_load(path.read_text("utf-8"))
        assert workflow["permissions"] == {}, path.name
        assert workflow["concurrency"]["group"], path.name
        assert not {"pull_request_target", "workflow_run"} & set(workflow[True]), path.name


@pytest.mark.parametrize("registry", ["ghcr.io", "lab.azurecr.io"])
def test_only_a_cloud_is_told_who_runs_the_tests(tmp_path: Path, registry: str) -> None:
    found = {w: job["permissions"] for w, job in jobs(bake(tmp_path, registry=registry))}
    identified = {where for where, known in found.items() if "id-token" in known}
    attest = {"ci.yml: attest"}
    others = {"ci.yml: image", "ci.yml: test", "ci.yml: scan", "ci.yml: publish"}
    assert identified == (attest if registry == "ghcr.io" else attest | others)
