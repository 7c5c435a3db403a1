"""A generated project on a GitHub of this machine: what all tests here push to."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import rig
from demo import surroundings
from demo.project import Project, generate
from rig.channel import server
from rig.github import act_log, runner
from rig.github import server as github
from rig.images import daemon as docker
from rig.images import registry

ME = ("-c", "user.name=Me", "-c", "user.email=me@example.com", "-c", "commit.gpgsign=false")
NOTHING = "0" * 40


@dataclass
class Hub:
    """A project, its repository on GitHub, and the registry that its images go to.

    Attributes
    ----------
    image
        Name of its image in the registry of this machine, without a tag.
    env
        What the runners are told of this machine.
    """

    project: Project
    repository: github.Repository
    image: str
    folder: Path
    env: dict[str, str]
    secrets: dict[str, str] = field(default_factory=dict)

    def git(self, *words: str) -> str:
        done = subprocess.run(
            ["git", *ME, *words],
            cwd=self.project.folder,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def commit(self, message: str = "A change", changes: Mapping[str, str] | None = None) -> str:
        """Commit everything, after writing *changes*, and return the commit."""
        for name, text in (changes or {}).items():
            (self.project.folder / name).write_text(text, "utf-8")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def use_registry(self, host: str) -> None:
        """Have the project's files name *host* in place of the registry that they name now."""
        now = self.image.partition("/")[0]
        workflows = self.project.folder / ".github" / "workflows"
        for file in (
            self.project.folder / "pyproject.toml",
            self.project.folder / ".devcontainer" / "devcontainer.json",
            *workflows.glob("*.yml"),
        ):
            file.write_text(file.read_text("utf-8").replace(now, host), "utf-8")
        self.image = self.image.replace(now, host, 1)

    def run(self, workflow: str, event: runner.Event, **more: Any) -> act_log.Run:
        env = self.env | more.pop("env", {})
        secrets = self.secrets | more.pop("secrets", {})
        ran = runner.run(
            self.repository, workflow, event, self.folder, env=env, secrets=secrets, **more
        )
        took = ", ".join(f"{job} {seconds:.0f} s" for job, seconds in ran.seconds.items())
        print(f"{workflow} for {event.name}: {took}")
        for job, step, seconds in ran.longest:
            print(f"  {seconds:6.1f} s  {job}: {step}")
        return ran

    def push(self, branch: str = "main", **more: Any) -> act_log.Run:
        """Push the current commit, and return what ``ci`` makes of that."""
        before = self.tip(branch) or NOTHING
        self.git("push", "--quiet", "--force", "origin", f"HEAD:refs/heads/{branch}")
        return self.run("ci.yml", self.pushed(branch, before), **more)

    def pushed(self, branch: str, before: str) -> runner.Event:
        payload = {"ref": f"refs/heads/{branch}", "before": before}
        return runner.Event("push", self.tip(branch), payload)

    def tip(self, branch: str) -> str:
        listed = self.git("ls-remote", "origin", f"refs/heads/{branch}")
        return listed.partition("\t")[0]

    def pull_request(
        self,
        branch: str,
        *,
        to: str = "main",
        fork: bool = False,
        actor: str = "octocat",
        title: str = "A change",
    ) -> runner.Event:
        """Push the current commit as a pull request to a branch, and return the event."""
        if not fork:
            self.git("push", "--quiet", "--force", "origin", f"HEAD:refs/heads/{branch}")
        head = self.git("rev-parse", "HEAD")
        self.git("push", "--quiet", "--force", "origin", "HEAD:refs/pull/1/merge")
        owner = "somebody" if fork else self.repository.name.partition("/")[0]
        project = self.repository.name.partition("/")[2]
        payload = {
            "number": 1,
            "pull_request": {
                "number": 1,
                "title": title,
                "head": {"ref": branch, "sha": head, "repo": {"full_name": f"{owner}/{project}"}},
                "base": {"ref": to, "sha": self.tip(to)},
            },
        }
        return runner.Event("pull_request", head, payload, actor)

    def digest(self, tag: str) -> str | None:
        host, _, name = self.image.partition("/")
        return registry.digest(host, name, tag)

    def tags(self) -> set[str]:
        """All tags of the image, those of its bases and of contents left out."""
        host, _, name = self.image.partition("/")
        return registry.tags(host, name)

    def writes(self) -> list[str]:
        """The requests until now that would change its images in the registry."""
        return registry.writes(self.image.partition("/")[2])

    def strata(self, *words: str) -> None:
        self.project.strata(*words)


@pytest.fixture(scope="session")
def made(
    rigged: surroundings.Surroundings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Project]:
    """The default project, for GHCR and with public base images but for this machine's, locked."""
    assert rigged.cloud
    wheels = Path(rigged.cloud.contexts["wheels"])
    (wheel,) = wheels.glob("*.whl")
    address = docker.gateway()
    serving = server.make_server(wheels, address, 0)
    thread = threading.Thread(target=serving.serve_forever, daemon=True)
    thread.start()
    url = f"http://{address}:{serving.server_port}/{wheel.name}"
    answers = rigged.answers | {
        "registry": "ghcr.io",
        "github_owner": f"owner-{time.time_ns()}",
        "__strata": f"conda-strata @ {url}",
    }
    project = generate(tmp_path_factory.mktemp("project"), answers)
    dockerfile = project.folder / ".devcontainer" / "Dockerfile"
    text = dockerfile.read_text("utf-8")
    name = surroundings.DEBIAN
    if name in rigged.cloud.contexts:
        stand_in = rigged.cloud.contexts[name].removeprefix("docker-image://")
        text = text.replace(f" {name} ", f" {stand_in} ")
    dockerfile.write_text(text, "utf-8")
    environment = project.folder / "environment.yml"
    text = environment.read_text("utf-8").replace("  - osx-arm64\n  - win-64\n", "")
    environment.write_text(text, "utf-8")
    _shorten(project)
    project.strata("lock")
    yield project
    serving.shutdown()
    serving.server_close()
    thread.join()


def _shorten(project: Project) -> None:
    """Leave out what takes long and runs in the tests of the images, which run all of it."""
    for name in ("bootstrap", "cluster", "notebooks", "pipeline"):
        (project.folder / f"tests/test_{name}.py").unlink()
    file = project.folder / "src" / project.package / "bootstrap.py"
    before = file.read_text("utf-8")
    after = before.replace("RESAMPLES = 100 ", "RESAMPLES = 4 ")
    assert after != before
    file.write_text(after, "utf-8")


@pytest.fixture(scope="module")
def hub(
    rigged: surroundings.Surroundings, made: Project, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Hub]:
    """An empty repository, to which the project is about to be pushed."""
    assert rigged.cloud
    folder = tmp_path_factory.mktemp("hub")
    copy = dataclasses.replace(made, folder=folder / made.folder.name)
    shutil.copytree(made.folder, copy.folder)
    address = rig.status()["registry"]
    name = f"owner-{time.time_ns()}/{copy.folder.name}"
    pyproject = copy.folder / "pyproject.toml"
    text = pyproject.read_text("utf-8").replace(made.image.partition("/")[2], name)
    pyproject.write_text(text, "utf-8")
    env = {}
    if rigged.cloud.rattler_config:
        env["RATTLER_CONFIG"] = str(rigged.cloud.rattler_config)
        env["XDG_CONFIG_HOME"] = os.environ["XDG_CONFIG_HOME"]
    with github.repository(name, folder) as repository:
        hub = Hub(copy, repository, f"ghcr.io/{name}", folder, env)
        hub.use_registry(address)
        hub.git("remote", "add", "origin", str(repository.git))
        hub.commit("Start the project")
        yield hub


def advisories(folder: Path, **known: str) -> dict[str, str]:
    """Return the variable that names a file of *known* vulnerabilities: package to severity."""
    file = folder / f"advisories-{time.time_ns()}.json"
    found = {
        name: [{"id": f"CVE-2026-{number:04}", "severity": severity}]
        for number, (name, severity) in enumerate(known.items())
    }
    file.write_text(json.dumps(found))
    return {"RIG_ADVISORIES": str(file)}
