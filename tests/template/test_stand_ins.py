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
OURS = "leej3/ds-cookiecutter/"
CALLED = sorted((TEMPLATE / ".github/workflows").glob("project-*.yml"))
COMPOSITE = sorted((TEMPLATE / ".github/actions").glob("*/action.yml"))


def loaded(path: Path) -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load(path.read_text("utf-8"))
    return found


def jobs(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each job of each workflow in *folder*, with a name for messages."""
    for path in sorted((folder / ".github" / "workflows").glob("*.yml")):
        for name, job in loaded(path)["jobs"].items():
            yield f"{path.name}: {name}", job


def stepped(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each job with steps: of the project in *folder*, and of what it calls."""
    yield from ((where, job) for where, job in jobs(folder) if "steps" in job)
    for path in CALLED:
        yield from ((f"{path.name}: {n}", job) for n, job in loaded(path)["jobs"].items())


def action(uses: str) -> tuple[str, dict[Any, Any]]:
    name = uses.partition("@")[0]
    folder = TEMPLATE / name.removeprefix(OURS) if name.startswith(OURS) else ACTIONS / name
    file = folder / "action.yml"
    return name, loaded(file) if file.exists() else {}


def test_every_input_and_output_is_one_of_the_action(variant: Variant) -> None:
    composite = ((path.parent.name, loaded(path)["runs"]) for path in COMPOSITE)
    for where, job in (*stepped(variant.folder), *composite):
        ids = {}
        for step in job["steps"]:
            if "uses" not in step:
                continue
            name, known = action(step["uses"])
            assert known, f"{where}: {name} has no stand-in in rig/github/actions"
            assert set(step.get("with", ())) <= set(known.get("inputs", ())), f"{where}: {name}"
            if "id" in step:
                ids[step["id"]] = set(known.get("outputs", ()))
        for step, output in re.findall(r"steps\.([\w-]+)\.outputs\.([\w-]+)", str(job)):
            assert output in ids.get(step, {output}), f"{where}: {step}.{output}"


def test_every_action_is_pinned_and_says_its_version(variant: Variant) -> None:
    for path in (*(variant.folder / ".github" / "workflows").glob("*.yml"), *CALLED, *COMPOSITE):
        for line in path.read_text("utf-8").splitlines():
            if "uses:" in line:
                version = r"(v\d+\.\d+\.\d+|unreleased)" if OURS in line else r"v\d+\.\d+\.\d+"
                assert re.search(rf"uses: [\w./-]+@[0-9a-f]{{40}} # {version}$", line), line


@pytest.mark.parametrize("folder", sorted(ACTIONS.glob("*/*/")), ids=lambda p: p.name)
def test_stand_in_says_what_it_stands_for(folder: Path) -> None:
    first = (folder / "action.yml").read_text("utf-8").splitlines()[0]
    name = folder.relative_to(ACTIONS).as_posix()
    assert re.fullmatch(rf"# Stands in for {name} v\d+\.\d+\.\d+\..*", first), first


def test_permissions(variant: Variant) -> None:
    """None at the top; whoever writes does not run the project's code; every job ends in time."""
    for where, job in jobs(variant.folder):
        assert "permissions" in job, where
        assert "secrets" not in job or job["secrets"] != "inherit", where
    for where, job in stepped(variant.folder):
        assert job["timeout-minutes"] <= 60, where
        runs = " ".join(str(step.get("run", "")) for step in job["steps"])
        if "docker run" in runs or "pytest" in runs:
            written = {k for k, v in job["permissions"].items() if v == "write"}
            assert written <= {"id-token"}, where
    for path in (variant.folder / ".github" / "workflows").glob("*.yml"):
        workflow = loaded(path)
        assert workflow["permissions"] == {}, path.name
        assert workflow["concurrency"]["group"], path.name
        assert not {"pull_request_target", "workflow_run"} & set(workflow[True]), path.name


@pytest.mark.parametrize("registry", ["ghcr.io", "lab.azurecr.io"])
def test_only_a_cloud_is_told_who_runs_the_tests(tmp_path: Path, registry: str) -> None:
    found = {w: job["permissions"] for w, job in jobs(bake(tmp_path, registry=registry))}
    identified = {where for where, known in found.items() if "id-token" in known}
    attest = {"ci.yml: publish"}
    others = {"ci.yml: images", "ci.yml: test", "ci.yml: scan"}
    assert identified == (attest if registry == "ghcr.io" else attest | others)
