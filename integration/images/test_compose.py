"""The generated compose.yaml on real Docker: a scheduler and two workers, and what ends them."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo import image
from rig.machine import ports
from rig.machine.commands import run

from .conftest import Built

pytestmark = pytest.mark.clusters

RESAMPLES = 60


class Compose:
    """``docker compose`` in a project's folder."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self.folder = folder
        self.env = env

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["docker", "compose", *words],
            cwd=self.folder,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *words: str) -> str:
        with self.start(*words) as child:
            said, _ = child.communicate(timeout=240)
        assert child.returncode == 0, said
        return said

    def analysis(self) -> subprocess.Popen[str]:
        words = ["python", "-m", "penguin_study", f"--resamples={RESAMPLES}", "--out=on-cluster"]
        return self.start("run", "--rm", "-T", "analysis", *words)

    def metrics(self, name: str) -> str:
        return (self.folder / name / "metrics.json").read_text("utf-8")


@pytest.fixture(scope="module")
def compose(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compose]:
    folder = built.project.folder
    env = os.environ | {
        "USER_ID": str(os.getuid()),
        "RUNTIME": built.reference("runtime"),
        "DASHBOARD_PORT": str(ports.choose("127.0.0.1", None)),
    }
    known = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    if known.returncode:
        env["DOCKER_CONFIG"] = str(_plugin(tmp_path_factory.mktemp("docker")))
    made = Compose(folder, env)
    words = ["python", "-m", "penguin_study", f"--resamples={RESAMPLES}", "--out=here"]
    done = image.run(built.reference("runtime"), folder, *words)
    assert done.returncode == 0, done.stderr
    try:
        made.run("up", "--wait", "--quiet-pull", "--scale", "worker=2")
        yield made
    finally:
        made.run("down", "--timeout", "2")


def _plugin(folder: Path) -> Path:
    """Unpack Debian's plugin, which would replace another version if it was installed."""
    plugins = folder / "cli-plugins"
    plugins.mkdir()
    script = (
        "apt-get download -qq docker-compose/trixie && dpkg-deb -x docker-compose_*.deb . && "
        "cp usr/libexec/docker/cli-plugins/docker-compose cli-plugins/"
    )
    run(["sh", "-c", f"cd {folder} && {script}"], fix="Install Docker's plugin compose.")
    return folder


def test_a_cluster_of_containers_gives_the_same_numbers(compose: Compose) -> None:
    with compose.analysis() as child:
        said, _ = child.communicate(timeout=240)
    assert child.returncode == 0, said
    assert compose.metrics("on-cluster") == compose.metrics("here")
    assert len(compose.run("ps", "--quiet", "worker").split()) == 2
    dashboard = f"http://127.0.0.1:{compose.env['DASHBOARD_PORT']}/status"
    with urllib.request.urlopen(dashboard, timeout=10) as answer:
        assert b"Bokeh" in answer.read()


def _kill(compose: Compose, service: str, child: subprocess.Popen[str]) -> None:
    """Kill a container of *service* as soon as the cluster has work."""
    # One process waits inside, as each start of Python costs more than the work.
    wait = "import time; from distributed import Client; c = Client('tcp://scheduler:8786')\n"
    wait += "while not any(c.processing().values()): time.sleep(0.1)"
    compose.run("exec", "-T", "scheduler", "python", "-c", wait)
    listed = compose.run("ps", "--format=json", service).splitlines()
    name = json.loads(listed[0])["Name"]
    subprocess.run(["docker", "kill", name], capture_output=True, check=True)
    assert child.poll() is None, "the work was done before"


def test_the_numbers_are_the_same_when_a_worker_is_killed(compose: Compose) -> None:
    (compose.folder / "on-cluster/metrics.json").unlink()
    with compose.analysis() as child:
        _kill(compose, "worker", child)
        said, _ = child.communicate(timeout=240)
    assert child.returncode == 0, said
    assert compose.metrics("on-cluster") == compose.metrics("here")


def test_a_scheduler_that_is_killed_ends_the_run_with_a_message(compose: Compose) -> None:
    """Last in this file: the cluster is gone then."""
    with compose.analysis() as child:
        _kill(compose, "scheduler", child)
        said, _ = child.communicate(timeout=120)
    assert child.returncode == 3, said
    assert "is gone: start it again" in said
