"""The workflow ``ci``, executed for what happens in the life of a project, in this order."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from demo import image
from integration.workflows.conftest import Hub, advisories
from rig.github import runner

CODE = "src/penguin_study/features.py"
KEY = 16


def keyed(tags: set[str]) -> set[str]:
    """The tags that name an image, or its base, by what is in it."""
    return {tag for tag in tags if len(tag.rpartition("-")[2]) == KEY}


def blobs(hub: Hub, tag: str) -> set[str]:
    return set(image.blobs(f"{hub.image}:{tag}"))


def test_first_push_to_an_empty_repository(hub: Hub) -> None:
    """Green with no secret and no variable; what was tested has its names, and is attested."""
    ran = hub.push(env={"RIG_SYFT": str(Path(sys.executable).with_name("syft"))})
    assert ran.ok, ran.trouble
    assert ran.jobs == dict.fromkeys(
        ["environment", "image", "test", "scan (dev)", "scan (runtime)"]
        + ["attest (dev)", "attest (runtime)", "publish"],
        "success",
    )
    tags = hub.tags()
    assert tags - keyed(tags) == {"dev", "runtime", "latest"}
    for name in ("dev", "runtime"):
        (tag,) = (t for t in keyed(tags) if t.startswith(f"{name}-") and "base" not in t)
        digest = hub.digest(tag)
        assert digest
        assert hub.digest(name) == digest
        size = re.search(rf"\| {name} \| (\d+) MB \| `{hub.image}@{digest}`", ran.summary)
        assert size, ran.summary
        assert int(size[1]) == pytest.approx(
            sum(image.blobs(f"{hub.image}:{tag}").values()) / 1e6, abs=1
        )
        for kind in ("provenance", "sbom"):
            attested = ran.attestations / f"{kind}-{digest.removeprefix('sha256:')}.json"
            assert json.loads(attested.read_text())["subject"][0]["name"] == hub.image
    assert hub.digest("latest") == hub.digest("runtime")
    sbom = json.loads((ran.artifacts / "runtime.spdx.json" / "runtime.spdx.json").read_text())
    assert {"pandas", "libc6"} <= {package["name"] for package in sbom["packages"]}
    assert len(sbom["files"]) < 5 * len(sbom["packages"]), "it lists what packages consist of"
    assert {path.name for path in (ran.artifacts / "reports").iterdir()} >= {
        "report.html",
        "tests.xml",
        "metrics.json",
    }
    for words in ("Size of the environment", " passed in ", "Vulnerabilities of dev: 0 high"):
        assert words in ran.summary
    assert len(ran.steps["test"]) == 7


def test_code_alone_builds_nothing(hub: Hub) -> None:
    """The image that was tested before is tested again, and nothing is made, scanned or attested."""
    before = {tag: hub.digest(tag) for tag in hub.tags()}
    code = (hub.project.folder / CODE).read_text("utf-8")
    hub.leave_out_slow_tests()
    hub.commit("A comment", {CODE: code + "\n# A comment.\n"})
    ran = hub.push()
    assert ran.ok, ran.trouble
    assert {tag: hub.digest(tag) for tag in hub.tags()} == before
    assert "building with" not in ran.log
    assert "layers made" not in ran.log
    assert ran.steps["test"]["Tests, including notebooks"] == "success"
    for name in ("dev", "runtime"):
        assert "Known vulnerabilities" not in ran.steps[f"scan ({name})"]
        assert "Provenance" not in ran.steps[f"attest ({name})"]


def test_dependency_in_a_pull_request_of_this_repository(hub: Hub) -> None:
    """One package's bytes are pushed; the branch gets its name, and main keeps its own.

    The branch's name, and the titles, try everything that a shell could take for a command.
    """
    before = {tag: hub.digest(tag) for tag in ("dev", "runtime", "latest")}
    old = blobs(hub, "dev")
    nasty = "try/$(touch${IFS}pwned)'`x`\"-ünï;&|"
    hub.git("switch", "--quiet", "--create", "change")
    hub.project.add_dependency("rich")
    hub.strata("lock")
    hub.commit(f"Add rich {nasty} $(exit 1)")
    event = hub.pull_request(nasty, title="'; exit 1; echo $(exit 1) `exit 1` ${{ github.token }}")
    ran = hub.run("ci.yml", event)
    assert ran.ok, ran.trouble
    assert "attest (dev)" not in ran.jobs
    assert {tag: hub.digest(tag) for tag in before} == before
    name = "branch-" + re.sub(r"[^A-Za-z0-9._-]", "-", nasty)
    found = {tag for tag in hub.tags() if tag.startswith("branch-")}
    assert found == {name, f"{name}-dev"}, found
    assert hub.digest(f"{name}-dev") != before["dev"]
    new = image.blobs(f"{hub.image}:{name}-dev")
    assert sum(size for digest, size in new.items() if digest not in old) < 0.02 * sum(new.values())
    assert "| `rich` |" in ran.summary
    assert not list(hub.folder.rglob("pwned"))


def test_merging_it_promotes_what_the_pull_request_tested(hub: Hub) -> None:
    """Nothing is built again: main's images are those of the pull request, now with main's names.

    On main that is so whoever has merged, Dependabot included.
    """
    (branch,) = (t for t in hub.tags() if t.startswith("branch-") and not t.endswith("-dev"))
    before = hub.tags()
    merged = hub.pushed("main", hub.tip("main"))
    hub.git("push", "--quiet", "origin", "change:main")
    hub.git("switch", "--quiet", "main")
    hub.git("merge", "--quiet", "--ff-only", "change")
    event = runner.Event("push", hub.tip("main"), merged.payload, "dependabot[bot]")
    ran = hub.run("ci.yml", event)
    assert ran.ok, ran.trouble
    assert hub.tags() == before
    assert hub.digest("dev") == hub.digest(f"{branch}-dev")
    assert hub.digest("runtime") == hub.digest("latest") == hub.digest(branch)
    assert ran.steps["attest (dev)"]["Provenance"] == "success"
    assert ran.steps["scan (dev)"]["Known vulnerabilities of the released image"] == "success"


def test_release_names_the_published_images(hub: Hub) -> None:
    """A tag of git is a tag of both images; the digests are those of main."""
    hub.git("tag", "v1.0")
    hub.git("push", "--quiet", "origin", "v1.0")
    event = runner.Event("push", hub.git("rev-parse", "v1.0"), {"ref": "refs/tags/v1.0"})
    ran = hub.run("ci.yml", event)
    assert ran.ok, ran.trouble
    assert hub.digest("v1.0") == hub.digest("runtime")
    assert hub.digest("v1.0-dev") == hub.digest("dev")
    assert "attest (dev)" not in ran.jobs


def test_old_run_that_is_run_again_takes_no_name_back(hub: Hub) -> None:
    released = {tag: hub.digest(tag) for tag in ("dev", "runtime", "latest")}
    old = hub.git("rev-parse", "HEAD^")
    event = hub.pushed("main", old)
    again = runner.Event("push", old, event.payload)
    ran = hub.run("ci.yml", again, env={"GITHUB_RUN_ATTEMPT": "2"})
    assert ran.ok, ran.trouble
    assert "does not move the tags" in ran.log
    assert {tag: hub.digest(tag) for tag in released} == released


def test_pull_request_of_a_fork_pushes_nothing(hub: Hub) -> None:
    """An environment that the registry does not have is built on the runner, from the cache."""
    before = {tag: hub.digest(tag) for tag in hub.tags()}
    hub.git("switch", "--quiet", "--create", "fork")
    hub.project.add_dependency("tqdm")
    hub.strata("lock")
    hub.commit("Add tqdm")
    ran = hub.run("ci.yml", hub.pull_request("patch", fork=True))
    assert ran.ok, ran.trouble
    assert set(ran.jobs) == {"environment", "test"}
    assert f"importing cache manifest from {hub.image}:dev" in ran.log
    assert f"dev={hub.image}:dev" in ran.log
    assert {tag: hub.digest(tag) for tag in hub.tags()} == before
    hub.git("switch", "--quiet", "main")


def test_dependabot_pushes_nothing(hub: Hub) -> None:
    """Its branch is in this repository, but its token can read alone, and it has no secrets.

    As for a fork that changes no environment, the image that was published is the one to test.
    """
    before = {tag: hub.digest(tag) for tag in hub.tags()}
    event = hub.pull_request("dependabot/github_actions/actions-1", actor="dependabot[bot]")
    ran = hub.run("ci.yml", event)
    assert ran.ok, ran.trouble
    assert set(ran.jobs) == {"environment", "test"}
    assert f"dev={hub.image}@{before['dev']}" in ran.log
    assert "building with" not in ran.log
    assert {tag: hub.digest(tag) for tag in hub.tags()} == before


def test_failing_tests_promote_nothing(hub: Hub) -> None:
    """Neither does a new vulnerability; each says which, and the names stay where they were."""
    released = {tag: hub.digest(tag) for tag in ("dev", "runtime", "latest")}
    hub.git("switch", "--quiet", "--detach", "main")
    hub.project.add_dependency("cowsay")
    hub.strata("lock")
    noise = "def test_noise():\n    print('x' * 5_000_000)\n    assert False\n"
    hub.commit("Break it", {"tests/test_broken.py": noise})
    ran = hub.push(
        "main", env=advisories(hub.folder, cowsay="Critical", pandas="High", numpy="Low")
    )
    assert ran.jobs["test"] == "failure"
    assert "1 failed, 12 passed" in ran.summary
    assert len(ran.summary) < 100_000
    assert (ran.artifacts / "reports" / "tests.xml").exists()
    for name in ("dev", "runtime"):
        assert ran.jobs[f"scan ({name})"] == "failure"
    assert "- CVE-2026-0000 in cowsay" in ran.summary
    assert "in pandas" not in ran.summary, "the released image has that one too"
    assert "publish" not in ran.jobs
    assert not [job for job in ran.jobs if job.startswith("attest")]
    assert {tag: hub.digest(tag) for tag in released} == released


def test_stale_lock_stops_at_once(hub: Hub) -> None:
    before = hub.tags()
    hub.git("switch", "--quiet", "--detach", "main")
    hub.project.add_dependency("tqdm")
    hub.commit("Forget the lock")
    ran = hub.run("ci.yml", hub.pull_request("stale"))
    assert ran.jobs["image"] == "failure"
    assert not {"test", "publish"} & set(ran.jobs)
    assert "strata lock" in ran.log
    assert hub.tags() == before
    hub.git("reset", "--quiet", "--hard", "main")
