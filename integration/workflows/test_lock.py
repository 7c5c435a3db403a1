"""The workflow ``lock``: a pull request with an out-of-date lock."""

from __future__ import annotations

import re

import pytest

from integration.workflows.conftest import Hub
from rig.github import runner

DISPATCHED = [("ci.yml", "change"), ("lock.yml", "change")]


@pytest.fixture
def stale(hub: Hub) -> Hub:
    """A branch that adds a package to environment.yml and forgets the lock."""
    hub.git("push", "--quiet", "--force", "origin", "main:main")
    hub.git("checkout", "--quiet", "-B", "change", "main")
    hub.project.add_dependency("tqdm")
    hub.commit("Add tqdm")
    hub.repository.dispatched.clear()
    return hub


def locked(hub: Hub, branch: str) -> str:
    hub.git("fetch", "--quiet", "origin", branch)
    return hub.git("show", "FETCH_HEAD:strata.lock")


def test_branch_of_this_repository_is_fixed_by_a_commit(stale: Hub) -> None:
    before = stale.git("rev-parse", "HEAD")
    ran = stale.run("lock.yml", stale.pull_request("change"))
    assert ran.jobs == {"check": "failure", "fix": "success"}, ran.trouble
    assert "::error file=environment.yml,title=strata.lock is out of date::" in ran.log
    assert "`tqdm`" in ran.summary
    assert "tqdm" in locked(stale, "change")
    stale.git("fetch", "--quiet", "origin", "change")
    assert stale.git("rev-parse", "FETCH_HEAD^") == before
    assert stale.git("diff", "--name-only", "FETCH_HEAD^", "FETCH_HEAD") == "strata.lock"
    assert stale.git("log", "-1", "--format=%an", "FETCH_HEAD") == "github-actions[bot]"
    assert stale.repository.dispatched == DISPATCHED

    stale.git("reset", "--quiet", "--hard", "FETCH_HEAD")
    event = runner.Event(
        "workflow_dispatch", stale.git("rev-parse", "HEAD"), {"ref": "refs/heads/change"}
    )
    again = stale.run("lock.yml", event)
    assert again.jobs == {"check": "success", "install (ubuntu-latest)": "success"}, again.trouble
    assert re.search(r"\d+ passed", again.log)


def test_with_a_token_of_its_own_the_commit_starts_its_checks_itself(stale: Hub) -> None:
    ran = stale.run("lock.yml", stale.pull_request("change"), secrets={"BOT_TOKEN": "own"})
    assert ran.jobs["fix"] == "success", ran.trouble
    assert "tqdm" in locked(stale, "change")
    assert stale.repository.dispatched == []


@pytest.mark.parametrize(
    ("fork", "actor"), [(True, "somebody"), (False, "dependabot[bot]")], ids=["fork", "dependabot"]
)
def test_others_are_told_and_nothing_is_written(stale: Hub, fork: bool, actor: str) -> None:
    event = stale.pull_request("change", fork=fork, actor=actor)
    tip = stale.tip("change")
    ran = stale.run("lock.yml", event)
    assert ran.jobs == {"check": "failure"}
    assert "::error file=environment.yml,title=strata.lock is out of date::" in ran.log
    assert stale.tip("change") == tip
    assert stale.repository.dispatched == []


@pytest.mark.parametrize("target", [".git/config", "/etc/passwd", "environment.yml"])
def test_link_in_place_of_the_lock_is_replaced(stale: Hub, target: str) -> None:
    """The new lock takes its place in the tree; nothing is written through it."""
    lock = stale.project.folder / "strata.lock"
    text = lock.read_text("utf-8")
    stale.git("rm", "--quiet", "--cached", "strata.lock")
    lock.unlink()
    (stale.project.folder / "lock.yml").write_text(text, "utf-8")
    lock.symlink_to(target)
    stale.commit("A link")
    ran = stale.run("lock.yml", stale.pull_request("change"))
    tip = stale.tip("change")
    stale.git("fetch", "--quiet", "origin", "change")
    if "fix" in ran.jobs:
        assert stale.git("ls-tree", tip, "strata.lock").startswith("100644 blob")
    assert stale.git("show", f"{tip}:environment.yml").startswith("#")


def test_branch_for_another_than_main_is_fixed(stale: Hub) -> None:
    stale.git("push", "--quiet", "--force", "origin", "main:refs/heads/release")
    ran = stale.run("lock.yml", stale.pull_request("change", to="release"))
    assert ran.jobs == {"check": "failure", "fix": "success"}, ran.trouble
    assert "tqdm" in locked(stale, "change")
    assert stale.repository.dispatched == DISPATCHED


def test_main_gets_no_commit(stale: Hub) -> None:
    """Neither when it is proposed for another branch, with a lock that is out of date."""
    before = stale.tip("main")
    stale.git("push", "--quiet", "--force", "origin", "main:refs/heads/release")
    event = stale.pull_request("main", to="release")
    tip = stale.tip("main")
    ran = stale.run("lock.yml", event)
    assert ran.jobs == {"check": "failure"}
    assert stale.tip("main") == tip != before
    assert stale.repository.dispatched == []
    stale.git("push", "--quiet", "--force", "origin", "main:main")


def test_branch_that_is_gone_stays_so(stale: Hub) -> None:
    event = stale.pull_request("change")
    stale.git("push", "--quiet", "origin", ":refs/heads/change")
    ran = stale.run("lock.yml", event)
    assert ran.jobs["fix"] == "failure"
    assert stale.tip("change") == ""


def test_branch_that_moved_on_keeps_its_commits(stale: Hub) -> None:
    """Whoever pushed while the lock was solved loses nothing: the bot's push is refused."""
    event = stale.pull_request("change")
    newer = stale.commit("Meanwhile")
    stale.git("push", "--quiet", "origin", "HEAD:refs/heads/change")
    ran = stale.run("lock.yml", event)
    assert ran.jobs["fix"] == "failure"
    assert stale.tip("change") == newer


def test_project_without_a_lock_is_left_alone(stale: Hub) -> None:
    stale.git("rm", "--quiet", "strata.lock")
    stale.commit("No lock")
    ran = stale.run("lock.yml", stale.pull_request("change"))
    assert ran.jobs == {"check": "success"}, ran.trouble


def test_project_that_is_no_package_is_tested_where_it_is(stale: Hub) -> None:
    """As in an adopted repository, whose pyproject.toml has settings of tools only."""
    stale.git("reset", "--quiet", "--hard", "main")
    pyproject = stale.project.folder / "pyproject.toml"
    tools = pyproject.read_text("utf-8").partition("[tool.strata.image]")
    pyproject.write_text("".join(tools[1:]).replace('pythonpath = ["src"]\n', ""), "utf-8")
    stale.commit("Only tool tables")
    ran = stale.run("lock.yml", stale.pull_request("change"))
    assert ran.jobs == {"check": "success", "install (ubuntu-latest)": "success"}, ran.trouble
    assert re.search(r"\d+ passed", ran.log)


def test_environment_that_cannot_be_solved_is_told(stale: Hub) -> None:
    stale.project.add_dependency("no-such-package-anywhere")
    stale.commit("Add what is not there")
    ran = stale.run("lock.yml", stale.pull_request("change"))
    assert ran.jobs == {"check": "failure"}
    assert "no-such-package-anywhere" in ran.log
