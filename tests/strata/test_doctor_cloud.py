"""What the doctor says of the project's image, in a real registry, and of its GitHub repository.

GitHub is a small server on loopback; what asks it is GitHub's own program.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from conda_strata.doctor import Level, gh
from conda_strata.doctor.image import host, how_to_pull, kind, published

from . import test_doctor
from .image_registry import add_base, serving
from .test_doctor import Patient

patient = test_doctor.patient

CI = """\
        username: ${{ vars.REGISTRY_USERNAME }}
        password: ${{ secrets.REGISTRY_PASSWORD }}
        role-to-assume: ${{ vars.AWS_ROLE }}
"""
AWS = "1234.dkr.ecr.eu-west-1.amazonaws.com"
HEALTHY = {
    "": {"id": 1},
    "/actions/permissions": {"enabled": True},
    "/actions/permissions/workflow": {"can_approve_pull_request_reviews": True},
    "/actions/variables": {"variables": []},
    "/actions/secrets": {"secrets": []},
}


def name_image(patient: Patient, image: str) -> None:
    folder = patient.folder / ".devcontainer"
    folder.mkdir(exist_ok=True)
    text = f'{{\n  // "image": "a.b/c", as it was\n  "name": "// no comment",\n  "image": "{image}"\n}}'
    (folder / "devcontainer.json").write_text(text)


def link(patient: Patient, name: str) -> None:
    (patient.tools / name).unlink(missing_ok=True)
    (patient.tools / name).symlink_to(shutil.which(name) or f"/no/{name}")


def need(name: str) -> None:
    """Skip the test where a program is not there; docker's needs no daemon here."""
    if shutil.which(name) is None:
        if os.environ.get("CI"):
            pytest.fail(f"CI must have {name}")
        pytest.skip(f"NO {name.upper()}: {name} is not on PATH")


@pytest.mark.parametrize(
    ("image", "of"),
    [
        ("ghcr.io/me/study:dev", "github"),
        ("lab.azurecr.io/me/study", "azure"),
        (f"{AWS}/me/study", "aws"),
        ("europe-west1-docker.pkg.dev/project/me/study", "google"),
        ("gcr.io/project/study", "google"),
        ("eu.gcr.io/project/study", "google"),
        ("quay.io/me/study", "password"),
        ("me/study", "password"),
        ("docker.io/me/study", "password"),
        ("localhost:5000/me/study", "password"),
        ("ghcr.io.example.org/me/study", "password"),
    ],
)
def test_kinds_of_registries(image: str, of: str) -> None:
    assert kind(host(image)) == of


def test_what_the_project_publishes(tmp_path: Path) -> None:
    file = tmp_path / ".devcontainer/devcontainer.json"
    assert published(tmp_path) is None
    file.parent.mkdir()
    for text, image in (
        ('{"build": {"dockerfile": "Dockerfile"}}', None),
        ('{"image": "${localEnv:REGISTRY}/me/study"}', None),
        ('{"name": "a", "image": "b.c/d:e"}', "b.c/d:e"),
        ('{/* "image": "x.y/z",\n */ "image" : "b.c/d"}', "b.c/d"),
        ("no json", None),
    ):
        file.write_text(text)
        assert published(tmp_path) == image


def test_image_is_there(patient: Patient, registry: str) -> None:
    name = f"{registry}/{patient.folder.parent.name.replace('_', '-')}/study:dev"
    name_image(patient, name)
    link(patient, "docker")
    patient.expect("image", "warning", f"{name} cannot be pulled: CI has not published it yet")
    add_base(registry, name.partition("/")[2])
    code, found = patient.examine()
    assert (code, found["image"][0]["what"]) == (0, f"{name} can be pulled by anybody")
    assert "image" not in patient.examine("--offline")[1]


def test_private_image(patient: Patient, tmp_path: Path) -> None:
    """Neither ~/.netrc nor the kept login makes it one that anybody can pull."""
    need("docker")
    link(patient, "docker")
    config = tmp_path / "docker"
    config.mkdir()
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login scientist password secret\n")
    with serving(tmp_path, login=True) as address:
        login = base64.b64encode(b"scientist:secret").decode()
        (config / "config.json").write_text(json.dumps({"auths": {address: {"auth": login}}}))
        with pytest.MonkeyPatch.context() as changed:
            changed.setenv("DOCKER_CONFIG", str(config))
            add_base(address, "me/study:dev")
        name = f"{address}/me/study:dev"
        name_image(patient, name)
        patient.expect("image", "warning", "or it is private")
        assert f"'docker login {address}'" in patient.examine()[1]["image"][0]["fix"]
        code, found = patient.examine(DOCKER_CONFIG=str(config))
        said = f"{name} is private, this machine may pull it"
        assert (code, found["image"][0]["what"]) == (0, said)


def test_registry_is_down(patient: Patient) -> None:
    name_image(patient, "127.0.0.1:9/me/study:dev")
    patient.expect("image", "warning", "127.0.0.1:9/me/study:dev: Connection refused")


def test_names_that_no_registry_takes(patient: Patient) -> None:
    name_image(patient, "ghcr.io/Me/Study:dev")
    patient.expect("image", "problem", "upper-case letters", "--offline")
    name_image(patient, "ghcr.io/a b")
    patient.expect("image", "problem", ".devcontainer/devcontainer.json: 'ghcr.io/a b'")


class Cloud:
    """GitHub and a registry with tokens, seen by who uses it as a proxy."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = dict(HEALTHY)
        self.scopes: list[str] = []
        cloud = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                code, headers, body = cloud.answer(self.path, self.headers["Authorization"] or "")
                data = json.dumps(body).encode()
                self.send_response(code)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(data)

            do_HEAD = do_GET  # noqa: N815

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_port}"

    def answer(self, url: str, authorization: str) -> tuple[int, dict[str, str], Any]:
        if url.startswith("/token"):
            self.scopes.append(url)
            return 200, {}, {"access_token": "anybody"}
        if url.startswith("/v2/"):
            if authorization == "Bearer anybody":
                return (200 if "/study/" in url else 404), {}, {}
            where = f'Bearer realm="http://{self.address}/token",service="s",scope="repository:me/study:pull"'
            return 401, {"WWW-Authenticate": where}, {}
        if authorization != "token x":
            return 401, {}, {"message": "Bad credentials"}
        path = url.partition("?")[0].removeprefix("http://api.github.localhost/repos/me/study")
        found = self.answers.get(path, 404)
        if isinstance(found, int):
            return found, {}, {"message": "Not for you"}
        return 200, {}, found


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    cloud = Cloud()
    thread = threading.Thread(target=cloud.server.serve_forever)
    thread.start()
    yield cloud
    cloud.server.shutdown()
    thread.join()
    cloud.server.server_close()


@pytest.fixture
def hosted(
    patient: Patient, cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Patient:
    """The project with workflows, whose origin is on this GitHub."""
    need("gh")
    link(patient, "gh")
    for name in ("GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN", "GH_REPO"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "GH_CONFIG_DIR": str(tmp_path / "gh"),
        "GH_HOST": "github.localhost",
        "GH_TOKEN": "x",
        "http_proxy": f"http://{cloud.address}",
        "no_proxy": "127.0.0.1",
    }.items():
        monkeypatch.setenv(name, value)
    workflows = patient.folder / ".github/workflows"
    workflows.mkdir(parents=True)
    for name, text in {"ci": CI, "upgrade": "", "template": ""}.items():
        (workflows / f"{name}.yml").write_text(text)
    origin(patient, "git@github.localhost:me/study.git")
    return patient


def origin(patient: Patient, url: str) -> None:
    command = ["git", "-C", str(patient.folder), "config", "remote.origin.url", url]
    subprocess.run(command, check=True)


def test_image_behind_tokens(patient: Patient, cloud: Cloud) -> None:
    """As on GHCR: anybody gets a token, and with it what is public."""
    name_image(patient, f"{cloud.address}/me/study:dev")
    code, found = patient.examine()
    assert (code, found["image"][0]["level"]) == (0, "ok")
    assert cloud.scopes == ["/token?service=s&scope=repository%3Ame%2Fstudy%3Apull"]
    (patient.tools / "docker").unlink()
    name_image(patient, f"{cloud.address}/me/other:dev")
    patient.expect("image", "warning", "cannot be pulled")


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("ghcr.io", "make it public, or run 'docker login ghcr.io'; for Codespaces"),
        ("lab.azurecr.io", "'az acr login --name lab'"),
        (AWS, "'aws ecr get-login-password --region eu-west-1 | docker login --username AWS "),
        ("eu-docker.pkg.dev", "'gcloud auth configure-docker eu-docker.pkg.dev'"),
        ("quay.io", "'docker login quay.io'"),
    ],
)
def test_how_to_log_in(name: str, fix: str) -> None:
    assert fix in how_to_pull(name)


def test_healthy_repository(hosted: Patient) -> None:
    code, found = hosted.examine()
    assert (code, {finding["level"] for finding in found["github"]}) == (0, {"ok"})
    said = [finding["what"] for finding in found["github"]]
    assert said[0] == "me/study: GitHub Actions are switched on"
    assert said[1].startswith("no secret BOT_TOKEN: checks of the bots' pull requests")
    assert said[2:] == ["GitHub Actions may open pull requests"]
    assert "github" not in hosted.examine("--offline")[1]


def test_repositories_that_are_not_asked_for(hosted: Patient) -> None:
    for url in ("https://gitlab.com/me/study.git", "/srv/git/me/study", "../study"):
        origin(hosted, url)
        assert "github" not in hosted.examine()[1]
    origin(hosted, "https://me:secret@github.localhost/me/study")
    code, found = hosted.examine()
    assert (code, len(found["github"])) == (0, 3)
    assert "secret@" not in str(found)
    shutil.rmtree(hosted.folder / ".github")
    assert "github" not in hosted.examine()[1]


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/me/study.git",
        "git@github.com:me/study.git",
        "ssh://git@ssh.github.com:443/me/study",
    ],
)
def test_ways_to_write_a_repository(hosted: Patient, url: str) -> None:
    origin(hosted, url)
    assert gh.origin(hosted.folder) == gh.Repository("github.com", "me/study")


def test_without_gh_or_a_login(hosted: Patient) -> None:
    name_image(hosted, f"{AWS}/me/study:dev")
    proxy = {"https_proxy": "http://127.0.0.1:9", "no_proxy": "127.0.0.1"}
    wrong = {"GH_TOKEN": "wrong"}
    said = "gh is not logged in to github.localhost: gh: Bad credentials (HTTP 401); its workflows"
    hosted.expect("github", "warning", said, **proxy, **wrong)
    hosted.expect("github", "warning", "need the variable AWS_ROLE", GH_TOKEN="", **proxy)
    origin(hosted, "https://github.com/me/study")
    said = "gh is not logged in to github.com; its"
    hosted.expect("github", "warning", said, GH_TOKEN="", GH_HOST="", **proxy)
    (hosted.tools / "gh").unlink()
    hosted.expect("github", "warning", "gh is not there", **proxy)


@pytest.mark.parametrize(
    ("registry", "variables", "secrets"),
    [
        ("quay.io", ["REGISTRY_USERNAME"], ["REGISTRY_PASSWORD"]),
        (AWS, ["AWS_ROLE"], []),
        # No workflow asks for those of Azure here.
        ("lab.azurecr.io", [], []),
        ("ghcr.io", [], []),
    ],
)
def test_variables(
    hosted: Patient, cloud: Cloud, registry: str, variables: list[str], secrets: list[str]
) -> None:
    def problems() -> list[tuple[str, str]]:
        found = hosted.examine(https_proxy="http://127.0.0.1:9")[1]["github"]
        return [(f["what"], f["fix"]) for f in found if f["level"] == Level.PROBLEM]

    name_image(hosted, f"{registry}/me/study:dev")
    found = problems()
    assert len(found) == len(variables + secrets)
    for (what, fix), name in zip(found, variables + secrets, strict=True):
        command = "gh variable set" if name in variables else "gh secret set"
        assert f" {name}, which CI needs" in what
        assert f"'{command} {name}'" in fix
    cloud.answers["/actions/variables"] = {"variables": [{"name": name} for name in variables]}
    cloud.answers["/actions/secrets"] = {"secrets": [{"name": name} for name in secrets]}
    assert problems() == []
    for what in ("variables", "secrets"):
        own = f"/actions/{what}"
        cloud.answers[f"/actions/organization-{what}"] = cloud.answers[own]
        cloud.answers[own] = {what: []}
    assert problems() == []


def test_actions_are_switched_off(hosted: Patient, cloud: Cloud) -> None:
    cloud.answers["/actions/permissions"] = {"enabled": False}
    hosted.expect("github", "problem", "switched off in me/study")


def test_pull_requests_are_not_allowed(hosted: Patient, cloud: Cloud) -> None:
    """Which is no matter to bots with a token of their own, or where there are none."""
    path = "/actions/permissions/workflow"
    cloud.answers[path] = {"can_approve_pull_request_reviews": False}
    said = "GitHub Actions may not open pull requests here, so the workflows 'upgrade' and 'temp"
    hosted.expect("github", "warning", said)
    cloud.answers["/actions/secrets"] = {"secrets": [{"name": "BOT_TOKEN"}]}
    assert {f["level"] for f in hosted.examine()[1]["github"]} == {"ok"}
    cloud.answers["/actions/secrets"] = {"secrets": []}
    for name in ("upgrade", "template"):
        (hosted.folder / f".github/workflows/{name}.yml").unlink()
    assert {f["level"] for f in hosted.examine()[1]["github"]} == {"ok"}


def test_settings_that_cannot_be_read(hosted: Patient, cloud: Cloud) -> None:
    """All of it is told at once, as one right is missing."""
    name_image(hosted, "127.0.0.1:9/me/study:dev")
    for path in cloud.answers:
        cloud.answers[path] = 403 if path else {"id": 1}
    code, found = hosted.examine()
    assert (code, [f["level"] for f in found["github"]]) == (0, ["warning"])
    assert found["github"][0]["what"] == (
        "it cannot be read from me/study whether GitHub Actions are switched on, there is the "
        "variable REGISTRY_USERNAME, there is the secret REGISTRY_PASSWORD, there is the secret "
        "BOT_TOKEN, workflows may open pull requests: gh: Not for you (HTTP 403)"
    )
    cloud.answers[""] = 404
    hosted.expect("github", "warning", "tell of me/study: gh: Not for you (HTTP 404)")
    hosted.expect("github", "warning", "connection refused", http_proxy="http://127.0.0.1:9")


def test_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "gh"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(gh, "SECONDS", 0.2)
    started = time.monotonic()
    with pytest.raises(gh.UnansweredError, match=r"no answer in 0\.2 s"):
        gh.Repository("github.com", "me/study").ask("", ".id")
    assert time.monotonic() - started < 10
