"""What a person waits for in a day: the dev container, JupyterLab, one package more.

Each is measured against what it stands on: a pull and a start of the same image, JupyterLab started by
itself, pip. Python packages come from a channel on this machine, and pip's from its index.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median

from benchmarks._bench import Bench, Row, show
from benchmarks._measure import Runs, once
from demo import image
from rig.images import devcontainer
from rig.machine import npm

MORE = "rich"
LAB = """set -m
{start} > /tmp/lab.log 2>&1 &
until curl --silent --fail --output /dev/null 'http://127.0.0.1:{port}/lab?token=t'; do sleep 0.05; done
kill -- -$!; wait"""
LABS = {
    "strata": "strata lab --port={port} -- --IdentityProvider.token=t",
    "bare": "jupyter-lab --no-browser --ip=0.0.0.0 --port={port} --IdentityProvider.token=t",
}
ADDS = {
    "strata": f"strata add {MORE}",
    "pip": f"python -m pip install --quiet {MORE}",
}


def rows(bench: Bench) -> Iterator[Row]:
    """Measure, a line at a time."""
    image.publish(bench.project.folder, bench.cloud)
    yield _opened(bench)
    yield _bytes(bench)
    yield _lab(bench)
    yield _add(bench)


def _opened(bench: Bench) -> Row:
    """From a machine with nothing but the checkout to the first prompt."""
    name = f"{bench.project.image}:dev"
    cli = str(npm.modules() / ".bin/devcontainer")
    folder = str(bench.project.folder)
    up, pull = Runs(), Runs()
    for number in range(4):
        bench.fresh()
        if number in {0, 3}:
            once([cli, "up", "--workspace-folder", folder], up)
            devcontainer.forget(bench.project.folder)
        else:
            script = 'docker pull --quiet "$0" && docker run --rm "$0" bash -ic exit'
            once(["sh", "-c", script, name], pull)
    return _row("devcontainer up, against pull + run", up, pull, 1.0)


def _bytes(bench: Bench) -> Row:
    """Compare what is fetched before the first prompt with what of it is below the environment."""
    whole = image.blobs(f"{bench.project.image}:dev")
    environment = set(image.environment_layers(f"{bench.project.image}:dev").values())
    base = sum(size for digest, size in whole.items() if digest not in environment)
    return Row(
        "bytes to the first prompt: the base alone, all",
        f"{base / 1e6:.1f} MB",
        f"{sum(whole.values()) / 1e6:.1f} MB",
        base / 1e6,
        110,
    )


def _lab(bench: Bench) -> Row:
    times = {name: Runs() for name in LABS}
    with _container(bench) as execute:
        port = 9000
        for name in 2 * (*LABS, *reversed(LABS)):
            port += 1
            script = LAB.format(start=LABS[name].format(port=port), port=port)
            once([*execute, "bash", "-c", script], times[name])
    return _row("JupyterLab ready, against a bare one", times["strata"], times["bare"], 1.2)


def _add(bench: Bench) -> Row:
    """Each in a container of its own, with nothing in its cache."""
    times = {name: Runs() for name in ADDS}
    for name in (*ADDS, *reversed(ADDS)):
        with _container(bench) as execute:
            script = f"{ADDS[name]} && python -c 'import {MORE}'"
            once([*execute, "bash", "-c", script], times[name])
    return _row(f"add {MORE} until it is imported, against pip", times["strata"], times["pip"], 1)


@contextmanager
def _container(bench: Bench) -> Iterator[list[str]]:
    """Start a container with a checkout of its own, and yield what runs a command in it."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "checkout"
        shutil.copytree(bench.project.folder, folder, ignore=shutil.ignore_patterns(".conda"))
        if bench.here.platforms:
            replace(bench.project, folder=folder).lock_only_for(bench.here.platforms)
        subprocess.run(["chmod", "--recursive", "a+rwX", str(folder.parent)], check=True)
        words = ["docker", "run", "--detach", "--rm", "--init", f"--volume={folder}:/workspace"]
        if bench.cloud.rattler_config:
            words.append(f"--volume={bench.cloud.rattler_config}:/etc/rattler/config.toml:ro")
        command = [*words, f"{bench.project.image}:dev", "sleep", "600"]
        started = subprocess.run(command, capture_output=True, text=True, check=True)
        name = started.stdout.strip()
        try:
            yield ["docker", "exec", name]
        finally:
            subprocess.run(["docker", "rm", "--force", name], capture_output=True, check=True)


def _row(title: str, ours: Runs, theirs: Runs, goal: float) -> Row:
    a, b = median(ours.seconds), median(theirs.seconds)
    return Row(title, f"{a:.1f} s", f"{b:.1f} s", a / b, goal)


if __name__ == "__main__":
    show(rows, "ours", "theirs")
