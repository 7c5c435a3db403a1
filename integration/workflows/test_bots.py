"""The scheduled workflow ``bots``: what it proposes, and how."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.workflows.conftest import ME, Hub
from rig.github import act_log, runner
from tests.template.conftest import TEMPLATE

SLUG = "{{cookiecutter.__folder}}"
TIDY = {"tidy": "success"}
"""The job that deletes images, on ghcr.io alone."""
BOT = "41898282+github-actions[bot]@users.noreply.github.com"


@pytest.fixture
def main(hub: Hub) -> Iterator[Hub]:
    """The project, pushed: no pull request, no branch but main."""
    start = hub.git("rev-parse", "HEAD")
    hub.git("push", "--quiet", "--force", "origin", "HEAD:main")
    yield hub
    hub.git("checkout", "--quiet", "-B", "main", start)
    for branch in ("bot/upgrade", "bot/template"):
        if hub.tip(branch):
            hub.git("push", "--quiet", "--delete", "origin", branch)
    hub.repository.pulls.clear()
    hub.repository.dispatched.clear()
    hub.repository.bots_may_propose = hub.repository.drafts = True


def scheduled(hub: Hub, what: str, **more: object) -> act_log.Run:
    hub.git("push", "--quiet", "--force", "origin", "HEAD:main")
    event = runner.Event("schedule", hub.tip("main"), {"schedule": "0 0 * * 1"})
    return hub.run("bots.yml", event, matrix={"what": what}, **more)


def proposed(hub: Hub, branch: str) -> list[str]:
    """Fetch the bot's branch, and return the files that it changes."""
    hub.git("fetch", "--quiet", "origin", branch)
    assert hub.git("log", "-1", "--format=%ae", "FETCH_HEAD") == BOT
    assert hub.git("rev-parse", "FETCH_HEAD^") == hub.tip("main")
    return hub.git("diff", "--name-only", "FETCH_HEAD^", "FETCH_HEAD").split("\n")


def behind(hub: Hub) -> None:
    """Commit a lock with versions that the channel has newer ones of."""
    lock = hub.project.folder / "strata.lock"
    old = lock.read_text("utf-8").replace("/pandas-", "/pandas-0.").replace("/ruff-", "/ruff-0.0.")
    hub.commit("A lock of long ago", {"strata.lock": old})


def test_upgrade_is_proposed_and_checked(main: Hub) -> None:
    """One pull request, renewed rather than doubled, its checks started by hand."""
    behind(main)
    ran = scheduled(main, "upgrade")
    assert ran.jobs == TIDY | {"make": "success", "propose": "success"}, ran.trouble
    assert proposed(main, "bot/upgrade") == ["strata.lock"]
    (pull,) = main.repository.pulls
    assert (pull["head"], pull["base"], pull["draft"]) == ("bot/upgrade", "main", False)
    assert pull["title"] == "Upgrade the locked packages"
    for words in ("linux-64", "linux-aarch64", "`pandas`", "`ruff`"):
        assert words in pull["body"]
    assert main.repository.dispatched == [("ci.yml", "bot/upgrade"), ("lock.yml", "bot/upgrade")]

    again = scheduled(main, "upgrade")
    assert again.ok, again.trouble
    assert "already has these changes" in again.log
    main.commit("Something else on main", {"NOTES.md": "A note.\n"})
    renewed = scheduled(main, "upgrade", secrets={"BOT_TOKEN": "own"})
    assert renewed.ok, renewed.trouble
    assert proposed(main, "bot/upgrade") == ["strata.lock"]
    assert len(main.repository.pulls) == 1
    assert len(main.repository.dispatched) == 2, "its own token starts the checks"


def test_upgrade_that_changes_nothing_proposes_nothing(main: Hub) -> None:
    ran = scheduled(main, "upgrade")
    assert ran.jobs == TIDY | {"make": "success"}, ran.trouble
    assert main.repository.pulls == []


def test_branch_on_which_somebody_works_is_left_alone(main: Hub) -> None:
    behind(main)
    main.git("checkout", "--quiet", "-B", "work")
    mine = main.commit("What I found out about it", {"NOTES.md": "Wait for the fix.\n"})
    main.git("push", "--quiet", "--force", "origin", "HEAD:bot/upgrade")
    main.git("checkout", "--quiet", "-B", "main", "HEAD^")
    ran = scheduled(main, "upgrade")
    assert ran.ok, ran.trouble
    assert "somebody has committed to bot/upgrade" in ran.log
    assert main.tip("bot/upgrade") == mine


def test_where_bots_may_not_open_pull_requests_it_says_what_to_set(main: Hub) -> None:
    main.repository.bots_may_propose = False
    behind(main)
    ran = scheduled(main, "upgrade")
    assert ran.jobs["propose"] == "failure"
    assert "allow GitHub Actions to create and approve pull requests" in ran.log
    assert main.tip("bot/upgrade"), "the branch is there to open one from"
    assert main.repository.pulls == []
    main.repository.bots_may_propose = True
    ran = scheduled(main, "upgrade")
    assert ran.ok, ran.trouble
    assert len(main.repository.pulls) == 1


@pytest.fixture
def template(main: Hub, tmp_path: Path) -> Path:
    """The template as a git repository, which the project on main was made from."""
    folder = tmp_path / "template"
    folder.mkdir()
    for name in (SLUG, "hooks"):
        shutil.copytree(TEMPLATE / name, folder / name)
    shutil.copy(TEMPLATE / "cookiecutter.json", folder)
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", folder], check=True)
    changed(folder, "Template")
    made = tmp_path / "made"
    create = [sys.executable, "-m", "cruft", "create", str(folder), "--no-input"]
    subprocess.run([*create, f"--output-dir={made}"], check=True, capture_output=True)
    ignored = shutil.ignore_patterns(".git")
    shutil.copytree(made / "penguin-study", main.project.folder, dirs_exist_ok=True, ignore=ignored)
    main.commit("From the template")
    return folder


def changed(template: Path, message: str, **files: str) -> None:
    """Commit a change of the template: a name to the text that is added to the file."""
    for name, text in files.items():
        path = template / SLUG / name
        path.write_text(path.read_text("utf-8") + text, "utf-8")
    git = ["git", *ME, "-C", str(template)]
    subprocess.run([*git, "add", "--all", "--force"], check=True)
    subprocess.run([*git, "commit", "--quiet", "--message", message], check=True)


def test_update_of_the_template_is_proposed(main: Hub, template: Path) -> None:
    nothing = scheduled(main, "template")
    assert nothing.jobs == TIDY | {"make": "success"}, nothing.trouble
    changed(template, "Say more", **{"SECURITY.md": "\nA new sentence.\n"})
    ran = scheduled(main, "template")
    assert ran.ok, ran.trouble
    assert proposed(main, "bot/template") == [".cruft.json", "SECURITY.md"]
    (pull,) = main.repository.pulls
    assert (pull["head"], pull["draft"]) == ("bot/template", False)
    assert str(template) in pull["body"]
    assert main.repository.dispatched == [("ci.yml", "bot/template")]


def test_conflicts_are_shown_in_a_draft(main: Hub, template: Path) -> None:
    """Nothing of the project's own words is lost, and the pull request says where they clash."""
    security = main.project.folder / "SECURITY.md"
    security.write_text(security.read_text("utf-8") + "\nOur own sentence.\n", "utf-8")
    main.commit("Our own words")
    changed(template, "Say more", **{"SECURITY.md": "\nA new sentence.\n"})
    ran = scheduled(main, "template")
    assert ran.ok, ran.trouble
    (pull,) = main.repository.pulls
    assert pull["draft"] is True
    assert "`SECURITY.md" in pull["body"]
    files = proposed(main, "bot/template")
    shown = "".join(
        main.git("show", f"FETCH_HEAD:{name}") for name in files if name.startswith("SECURITY.md")
    )
    assert "Our own sentence." in shown
    assert "A new sentence." in shown

    main.repository.pulls.clear()
    main.repository.drafts = False
    ran = scheduled(main, "template")
    assert ran.ok, ran.trouble
    assert [pull["draft"] for pull in main.repository.pulls] == [False]


def test_update_of_workflows_needs_a_token_of_its_own(main: Hub, template: Path) -> None:
    changed(template, "Workflows", **{".github/workflows/lock.yml": "# A comment.\n"})
    ran = scheduled(main, "template")
    assert ran.jobs == TIDY | {"make": "success", "propose": "failure"}
    assert "Set the secret BOT_TOKEN, or run 'uvx cruft update --refresh-private-" in ran.log
    assert main.repository.pulls == []
    allowed = scheduled(main, "template", secrets={"BOT_TOKEN": "own"})
    assert allowed.ok, allowed.trouble
    assert ".github/workflows/lock.yml" in proposed(main, "bot/template")


@pytest.mark.usefixtures("template")
def test_configuration_of_another_branch_is_not_read(main: Hub) -> None:
    """Whoever starts the workflow on a branch gets what main's .cruft.json says, not theirs."""
    hostile = json.loads((main.project.folder / ".cruft.json").read_text("utf-8"))
    hostile |= {"template": "https://example.invalid/evil", "commit": "0" * 40}
    main.git("push", "--quiet", "--force", "origin", "HEAD:main")
    main.git("checkout", "--quiet", "-B", "evil")
    commit = main.commit("Evil", {".cruft.json": json.dumps(hostile)})
    main.git("push", "--quiet", "--force", "origin", "HEAD:evil")
    event = runner.Event("workflow_dispatch", commit, {"ref": "refs/heads/evil"})
    ran = main.run("bots.yml", event, matrix={"what": "template"})
    main.git("checkout", "--quiet", "main")
    assert ran.jobs == {"make": "success"}, ran.trouble
    assert "example.invalid" not in ran.log


def test_project_that_names_no_template_is_left_alone(main: Hub) -> None:
    main.git("rm", "--quiet", "--ignore-unmatch", ".cruft.json")
    main.commit("No template")
    ran = scheduled(main, "template")
    assert ran.jobs == TIDY | {"make": "success"}, ran.trouble
    assert "there is no .cruft.json" in ran.log
