"""What the doctor says of the image of the project's dev container, in a real registry."""

from __future__ import annotations

import base64
import json
import os
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from conda_strata.doctor.image import named
from integration.registry.image_registry import add_base, serving
from tests.doctor import test_doctor
from tests.doctor.test_doctor import Patient

patient = test_doctor.patient


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


def test_which_image_it_is(tmp_path: Path) -> None:
    file = tmp_path / ".devcontainer/devcontainer.json"
    assert named(tmp_path) is None
    file.parent.mkdir()
    for text, image in (
        ('{"build": {"dockerfile": "Dockerfile"}}', None),
        ('{"image": "${localEnv:REGISTRY}/me/study"}', None),
        ('{"name": "a", "image": "b.c/d:e"}', "b.c/d:e"),
        ('{/* "image": "x.y/z",\n */ "image" : "b.c/d"}', "b.c/d"),
        ("no json", None),
    ):
        file.write_text(text)
        assert named(tmp_path) == image


def test_image_is_there(patient: Patient, registry: str) -> None:
    name = f"{registry}/{patient.folder.parent.name.replace('_', '-')}/study:dev"
    name_image(patient, name)
    link(patient, "docker")
    patient.expect("image", "warning", f"{name} cannot be pulled: it is not there yet")
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
    """A registry with tokens."""

    def __init__(self) -> None:
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
        return 404, {}, {}


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    cloud = Cloud()
    thread = threading.Thread(target=cloud.server.serve_forever)
    thread.start()
    yield cloud
    cloud.server.shutdown()
    thread.join()
    cloud.server.server_close()


def test_image_behind_tokens(patient: Patient, cloud: Cloud) -> None:
    """As on GHCR: anybody gets a token, and with it what is public."""
    name_image(patient, f"{cloud.address}/me/study:dev")
    code, found = patient.examine()
    assert (code, found["image"][0]["level"]) == (0, "ok")
    assert cloud.scopes == ["/token?service=s&scope=repository%3Ame%2Fstudy%3Apull"]
    (patient.tools / "docker").unlink()
    name_image(patient, f"{cloud.address}/me/other:dev")
    patient.expect("image", "warning", "cannot be pulled")
