"""The generated compose.yaml on real Docker: a scheduler and two workers, and what ends them."""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo import image
from rig.machine.commands import run

from .conftest import Built

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
        return self.start("run", "--rm", "-T", "--no-deps", "analysis", *words)

    def metrics(self, name: str) -> str:
        return (self.folder / name / "metrics.json").read_text("utf-8")


@pytest.fixture(scope="module")
def compose(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compose]:
    folder = built.project.folder
    env = os.environ | {"USER_ID": str(os.getuid()), "RUNTIME": built.reference("runtime")}
    known = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    if known.returncode:
        env["DOCKER_CONFIG"] = str(_plugin(tmp_path_factory.mktemp("docker")))
    made = Compose(folder, env)
    words = ["python", "-m", "penguin_study", f"--resamples={RESAMPLES}", "--out=here"]
    done = image.run(built.reference("runtime"), folder, *words)
    assert done.returncode == 0, done.stderr
    made.run("up", "--wait", "--quiet-pull", "--scale", "worker=2")
    try:
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
    with urllib.request.urlopen("http://127.0.0.1:8787/status", timeout=10) as answer:
        assert b"Bokeh" in answer.read()


def _busy(compose: Compose) -> int:
    """Return how many tasks wait or run, as the scheduler sees it."""
    code = "from distributed import Client; c = Client('tcp://scheduler:8786'); "
    code += "print(sum(map(len, c.processing().values())))"
    return int(compose.run("exec", "-T", "scheduler", "python", "-c", code).split()[-1])


def _kill(compose: Compose, service: str) -> None:
    for _ in range(120):
        if _busy(compose):
            break
        time.sleep(0.2)
    else:
        pytest.fail("the analysis never reached the cluster")
    listed = compose.run("ps", "--format=json", service).splitlines()
    name = json.loads(listed[0])["Name"]
    subprocess.run(["docker", "kill", name], capture_output=True, check=True)


def test_the_numbers_are_the_same_when_a_worker_is_killed(compose: Compose) -> None:
    (compose.folder / "on-cluster/metrics.json").unlink()
    with compose.analysis() as child:
        _kill(compose, "worker")
        assert child.poll() is None
        said, _ = child.communicate(timeout=240)
    assert child.returncode == 0, said
    assert compose.metrics("on-cluster") == compose.metrics("here")


def test_a_scheduler_that_is_killed_ends_the_run_with_a_message(compose: Compose) -> None:
    """Last in this file: the cluster is gone then."""
    with compose.analysis() as child:
        _kill(compose, "scheduler")
        said, _ = child.communicate(timeout=120)
    assert child.returncode == 3, said
    assert "is gone: start it again" in said
