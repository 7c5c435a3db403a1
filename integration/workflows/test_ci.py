"""The workflow ``ci``, executed for what happens in the life of a project, in this order."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from demo import image
from integration.registry.image_registry import plant
from integration.workflows.conftest import Hub, advisories
from rig.github import runner

CODE = "src/penguin_study/features.py"
KEY = 16
PLACES = ["change", "pr-1", "refs-pull-1-merge", "cache", "main", f"dev-{'0' * 16}"]
"""Tags that a pull request would have, if it could write."""
UNPUBLISHED = {"environment", "workflows", "dependencies", "test", "pass"}
"""The jobs of a run that publishes nothing."""


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
        ["environment", "workflows", "push", "test", "scan (dev)", "scan (runtime)"]
        + ["attest (dev)", "attest (runtime)", "tag", "pass"],
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
    made = json.loads((ran.artifacts / "reports/metrics.json").read_text())["provenance"]
    assert made["image"] == f"{hub.image}@{hub.digest('runtime')}"
    assert made["commit"] == hub.tip("main")
    assert made["lock"].startswith("sha256:")
    assert f"$ docker pull {hub.image}@{hub.digest('runtime')}\n" in ran.summary
    for words in ("Size of the environment", " passed in ", "Vulnerabilities of dev: 0 high"):
        assert words in ran.summary


def test_code_alone_builds_nothing(hub: Hub) -> None:
    """The image that was tested before is tested again, and nothing is made, scanned or attested."""
    before = {tag: hub.digest(tag) for tag in hub.tags()}
    code = (hub.project.folder / CODE).read_text("utf-8")
    hub.commit("A comment", {CODE: code + "\n# A comment.\n"})
    ran = hub.push()
    assert ran.ok, ran.trouble
    assert {tag: hub.digest(tag) for tag in hub.tags()} == before
    assert "building with" not in ran.log
    assert "layers made" not in ran.log
    assert ran.steps["test"]["Tests, including notebooks"] == "success"
    assert not {job for job in ran.jobs if job.endswith(("(dev)", "(runtime)"))}


@pytest.fixture(scope="module")
def told() -> dict[str, str]:
    """What the pull request said: name of each image to its digest."""
    return {}


def test_dependency_in_a_pull_request_of_this_repository(hub: Hub, told: dict[str, str]) -> None:
    """It is built and tested on the runner; the registry gets not one request that writes.

    The branch's name, and the titles, try everything that a shell could take for a command.
    """
    before = {tag: hub.digest(tag) for tag in hub.tags()}
    written = hub.writes()
    assert written, "the first push wrote"
    nasty = "try/$(touch${IFS}pwned)'`x`\"-ünï;&|"
    hub.git("switch", "--quiet", "--create", "change")
    hub.project.add_dependency("rich")
    hub.strata("lock")
    hub.commit(f"Add rich {nasty} $(exit 1)")
    event = hub.pull_request(nasty, title="'; exit 1; echo $(exit 1) `exit 1` ${{ github.token }}")
    ran = hub.run("ci.yml", event)
    assert ran.ok, ran.trouble
    assert set(ran.jobs) == UNPUBLISHED
    assert hub.writes() == written
    assert {tag: hub.digest(tag) for tag in hub.tags()} == before
    assert "building with" not in ran.log, "the base is the published one"
    assert "| `rich` |" in ran.summary
    hub.repository.tested[event.commit] = ran.artifacts
    told.update(re.findall(r"^\| (\w+) \|.*\| `(sha256:\w+)` \|$", ran.summary, re.MULTILINE))
    assert set(told) == {"dev", "runtime"}
    for digest in told.values():
        assert f"$ docker pull {hub.image}@{digest}\n" in ran.summary
    assert not list(hub.folder.rglob("pwned"))


def test_merging_it_publishes_what_the_pull_request_tested(
    hub: Hub, told: dict[str, str], tmp_path: Path
) -> None:
    """Main makes the images again, of what is published and one package's bytes: to the same digests.

    On main that is so whoever has merged, Dependabot included, and whatever stands under the tags of a
    pull request, a branch or another key.
    """
    old = blobs(hub, "dev")
    hub.strata("image", "build", "--target=dev", f"--output={tmp_path / 'image.tar'}")
    planted = plant(tmp_path / "image.tar", hub.image, PLACES)
    merged = hub.pushed("main", hub.tip("main"))
    hub.git("push", "--quiet", "origin", "change:main")
    hub.git("switch", "--quiet", "main")
    hub.git("merge", "--quiet", "--ff-only", "change")
    event = runner.Event("push", hub.tip("main"), merged.payload, "dependabot[bot]")
    hub.repository.merged[event.commit] = event.commit
    ran = hub.run("ci.yml", event)
    assert ran.ok, ran.trouble
    assert "Pull request #1 tested the same images." in ran.summary
    assert {name: hub.digest(name) for name in told} == told
    assert hub.digest("latest") == hub.digest("runtime")
    new = image.blobs(f"{hub.image}:dev")
    assert planted not in new
    assert sum(size for digest, size in new.items() if digest not in old) < 0.02 * sum(new.values())
    assert ran.steps["attest (dev)"]["Provenance"] == "success"
    assert ran.steps["scan (dev)"]["Known vulnerabilities of the published image"] == "success"


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


@pytest.mark.parametrize(
    ("fork", "actor"), [(True, "somebody"), (False, "dependabot[bot]")], ids=["fork", "dependabot"]
)
def test_others_write_nothing(hub: Hub, fork: bool, actor: str) -> None:
    """An environment that the registry does not have is built on the runner."""
    written = hub.writes()
    hub.git("switch", "--quiet", "--detach", "main")
    hub.project.add_dependency("tqdm")
    hub.strata("lock")
    hub.commit("Add tqdm")
    ran = hub.run("ci.yml", hub.pull_request("patch", fork=fork, actor=actor))
    hub.git("switch", "--quiet", "main")
    assert ran.ok, ran.trouble
    assert set(ran.jobs) == UNPUBLISHED
    assert hub.writes() == written


def test_checks_that_a_bot_starts_write_nothing(hub: Hub) -> None:
    """They run by hand for a branch, which is no pull request's event and yet a pull request's code."""
    written = hub.writes()
    hub.git("push", "--quiet", "--force", "origin", "main:refs/heads/bot/upgrade")
    event = runner.Event(
        "workflow_dispatch", hub.tip("bot/upgrade"), {"ref": "refs/heads/bot/upgrade"}
    )
    ran = hub.run("ci.yml", event)
    assert ran.ok, ran.trouble
    assert set(ran.jobs) == UNPUBLISHED - {"dependencies"}  # a review of a pull request's
    assert hub.writes() == written


TOUCHY = """\
import os
from pathlib import Path


def test_touchy():
    Path("reports").mkdir(exist_ok=True)
    {make}
"""


@pytest.mark.parametrize(
    "make",
    [
        'Path("reports/tests.html").symlink_to("/proc/self/environ")',
        'os.mkfifo("reports/tests.html")',
    ],
    ids=["link", "pipe"],
)
def test_only_files_among_the_reports_are_read(hub: Hub, make: str) -> None:
    hub.git("switch", "--quiet", "--detach", "main")
    hub.commit("A test", {"tests/test_touchy.py": TOUCHY.format(make=make)})
    ran = hub.run("ci.yml", hub.pull_request("touchy"))
    hub.git("switch", "--quiet", "main")
    assert ran.jobs["test"] == ran.jobs["pass"] == "failure"
    assert ran.steps["test"]["Analysis"] == "success"
    assert "reports/tests.html' is a" in ran.log
    assert not (ran.artifacts / "reports").exists()


def test_no_login_is_there_while_the_tests_run(hub: Hub) -> None:
    """The configuration of Docker names no registry's login by then."""
    hub.git("switch", "--quiet", "--detach", "main")
    workflow = ".github/workflows/ci.yml"
    text = (hub.project.folder / workflow).read_text("utf-8")
    spy = '      - name: Spy\n        run: |\n          cat "$DOCKER_CONFIG/config.json"; echo end of login\n'
    before = "      - name: Tests, including notebooks\n"
    assert before in text
    hub.commit("A spy", {workflow: text.replace(before, spy + before)})
    ran = hub.run("ci.yml", hub.pull_request("spy"))
    hub.git("switch", "--quiet", "main")
    said = ran.log.partition("Run Main Spy")[2].partition("end of login")[0]
    assert "{" in said
    assert hub.image.partition("/")[0] not in said


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
    assert re.search(r"1 failed, \d+ passed", ran.summary)
    assert "test_broken" in re.sub("&#95;", "_", ran.summary).partition("| result |")[2][:200]
    assert len(ran.summary) < 100_000
    assert (ran.artifacts / "reports" / "tests.xml").exists()
    for name in ("dev", "runtime"):
        assert ran.jobs[f"scan ({name})"] == "failure"
    assert "- CVE-2026-0000 in cowsay" in ran.summary
    assert "in pandas" not in ran.summary, "the released image has that one too"
    assert "tag" not in ran.jobs
    assert not [job for job in ran.jobs if job.startswith("attest")]
    assert {tag: hub.digest(tag) for tag in released} == released


def test_stale_lock_stops_at_once(hub: Hub) -> None:
    before = hub.tags()
    hub.git("switch", "--quiet", "--detach", "main")
    hub.project.add_dependency("tqdm")
    hub.commit("Forget the lock")
    ran = hub.run("ci.yml", hub.pull_request("stale"))
    assert ran.jobs["test"] == "failure"
    assert ran.steps["test"].get("Tests, including notebooks") is None
    assert "strata lock" in ran.log
    assert hub.tags() == before
    hub.git("reset", "--quiet", "--hard", "main")
