"""The script that checks the repository's settings, with the real gh.

GitHub is a small server on loopback, which gh reaches as its proxy.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.template.conftest import REGISTRIES, TEMPLATE, bake, git

NEEDED: dict[str, dict[str, str]] = {
    "github": {},
    "password": {"REGISTRY_USERNAME": "variable", "REGISTRY_PASSWORD": "secret"},
    "azure": dict.fromkeys(
        ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_SUBSCRIPTION_ID"), "variable"
    ),
    "aws": {"AWS_ROLE": "variable"},
    "google": dict.fromkeys(
        ("GOOGLE_WORKLOAD_IDENTITY_PROVIDER", "GOOGLE_SERVICE_ACCOUNT"), "variable"
    ),
}
"""Kind of registry to what its login needs."""

ALL_IS_WELL = "The settings are as the workflows need them.\n"
PULL_REQUESTS = "/actions/permissions/workflow"
PACKAGE = "/users/me/packages/container/penguin-study"


class GitHub:
    """What GitHub's API answers about me/penguin-study: a document, or an error's code."""

    def __init__(self) -> None:
        self.packages: dict[str, Any] = {PACKAGE: {"visibility": "public"}}
        self.repository: dict[str, Any] = {
            "": {"visibility": "public", "owner": {"type": "User"}},
            PULL_REQUESTS: {"can_approve_pull_request_reviews": True},
            "/actions/variables": {"variables": []},
            "/actions/secrets": {"secrets": []},
        }
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                code, body = hub.answer(self.path, self.headers["Authorization"])
                data = json.dumps(body).encode()
                self.send_response(code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def answer(self, url: str, authorization: str | None) -> tuple[int, Any]:
        if authorization != "token x":
            return 401, {"message": "Bad credentials"}
        path = url.partition("?")[0].removeprefix("http://api.github.localhost")
        repository = "/repos/me/penguin-study"
        known = self.packages
        if path.startswith(repository):
            path, known = path.removeprefix(repository), self.repository
        found = known.get(path, 404)
        return (found, {"message": "Not for you"}) if isinstance(found, int) else (200, found)

    def has(self, named: Mapping[str, str], *, organisation: bool = False) -> None:
        """Have variables and secrets: name to which of them it is."""
        for what in ("variable", "secret"):
            path = f"/actions/{'organization-' * organisation}{what}s"
            names = [{"name": name} for name, kind in named.items() if kind == what]
            self.repository[path] = {f"{what}s": names}


@pytest.fixture
def github() -> Iterator[GitHub]:
    hub = GitHub()
    thread = threading.Thread(target=hub.server.serve_forever)
    thread.start()
    yield hub
    hub.server.shutdown()
    thread.join()
    hub.server.server_close()


@dataclass
class Checkout:
    """A generated project on this GitHub."""

    folder: Path
    env: dict[str, str]

    def check(self, **env: str) -> subprocess.CompletedProcess[str]:
        """Run the script from another folder, as a person may."""
        return subprocess.run(
            ["bash", TEMPLATE / ".github/scripts/check-settings.sh"],
            cwd=self.folder / "src",
            env=self.env | env,
            capture_output=True,
            text=True,
            check=False,
        )

    def expect(self, *findings: str) -> None:
        """Check, and find these things alone, each in one line."""
        done = self.check()
        lines = done.stdout.splitlines()
        assert len(lines) == len(findings), done.stdout + done.stderr
        for line, finding in zip(lines, findings, strict=True):
            assert line.startswith(f"- {finding}")
        assert done.returncode == 1


def checkout(github: GitHub, tmp_path: Path, registry: str) -> Checkout:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    assert shutil.which("gh", path=path), "gh is not installed"
    folder = bake(tmp_path, github_owner="me", registry=registry)
    git(folder, "remote", "add", "origin", "git@github.localhost:me/penguin-study.git")
    env = {
        "PATH": path,
        "HOME": str(tmp_path),
        "GH_CONFIG_DIR": str(tmp_path / "gh"),
        "GH_HOST": "github.localhost",
        "GH_TOKEN": "x",
        "http_proxy": f"http://127.0.0.1:{github.server.server_port}",
        "https_proxy": "http://127.0.0.1:9",
    }
    return Checkout(folder, env)


@pytest.fixture
def project(github: GitHub, tmp_path: Path) -> Checkout:
    return checkout(github, tmp_path, "ghcr.io")


@pytest.mark.parametrize("kind", REGISTRIES)
def test_each_registry_needs_its_settings(github: GitHub, tmp_path: Path, kind: str) -> None:
    needed = NEEDED[kind]
    project = checkout(github, tmp_path, REGISTRIES[kind])
    if needed:
        done = project.check()
        assert done.returncode == 1
        assert sorted(done.stdout.splitlines()) == sorted(
            f"- The {what} {name} is missing: run 'gh {what} set {name}', see https://github.com/"
            "leej3/ds-cookiecutter/blob/main/docs/how-to/registries.md"
            for name, what in needed.items()
        )
    github.has(needed)
    done = project.check()
    assert (done.returncode, done.stdout, done.stderr) == (0, ALL_IS_WELL, "")
    github.has({})
    github.has(needed, organisation=True)
    assert project.check().stdout == ALL_IS_WELL


def test_pull_requests_are_not_allowed(github: GitHub, project: Checkout) -> None:
    """Which is no matter with a token of their own, or without the workflows that open some."""
    github.repository[PULL_REQUESTS] = {"can_approve_pull_request_reviews": False}
    project.expect("Actions may not open pull requests: enable Settings, Actions, General,")
    github.has({"BOT_TOKEN": "secret"})
    assert project.check().stdout == ALL_IS_WELL
    github.has({})
    for file in (project.folder / ".github/workflows").glob("*.yml"):
        if "BOT_TOKEN" in file.read_text("utf-8"):
            file.unlink()
    assert project.check().stdout == ALL_IS_WELL


def test_package_visibility(github: GitHub, project: Checkout) -> None:
    github.packages[PACKAGE] = {"visibility": "private"}
    project.expect(
        "The package ghcr.io/me/penguin-study is private, so others cannot pull it: make"
    )
    github.packages[PACKAGE] = 404
    project.expect("There is no package ghcr.io/me/penguin-study: 'ci' must be green on main once.")
    github.packages[PACKAGE] = 403
    project.expect("Cannot read the package's visibility: run 'gh auth refresh --scopes read:pack")
    github.packages[PACKAGE] = 500
    project.expect("Cannot read the package's visibility: Not for you (HTTP 500)")
    github.repository[""] = {"visibility": "private", "owner": {"type": "User"}}
    assert project.check().stdout == ALL_IS_WELL
    github.repository[""] = {"visibility": "public", "owner": {"type": "Organization"}}
    github.packages[PACKAGE.replace("users", "orgs")] = {"visibility": "public"}
    assert project.check().stdout == ALL_IS_WELL


def test_a_login_without_the_rights(github: GitHub, tmp_path: Path) -> None:
    project = checkout(github, tmp_path, "quay.io")
    for path in github.repository.keys() - {""}:
        github.repository[path] = 403
    project.expect("Cannot read the names of the variables", "Cannot read the names of the secrets")
    github.has(NEEDED["password"])
    project.expect("Cannot read whether Actions may open pull requests: ask an administrator.")


def test_github_cannot_be_asked(project: Checkout) -> None:
    for env, said in (
        ({"GH_TOKEN": "wrong"}, "Bad credentials"),
        ({"GH_TOKEN": "", "GH_HOST": ""}, "gh auth login"),
        ({"http_proxy": "http://127.0.0.1:9"}, "refused"),
    ):
        done = project.check(**env)
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr
    git(project.folder, "remote", "remove", "origin")
    done = project.check()
    assert (done.returncode, done.stdout) == (2, "")
    assert "no git remotes" in done.stderr
