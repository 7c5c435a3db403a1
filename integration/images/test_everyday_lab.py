"""JupyterLab as the README starts it: to a figure in a real browser, and to its end."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from rig.browser import look

from .conftest import Built


def test_a_notebook_runs_to_its_figure_in_the_browser(built: Built, tmp_path: Path) -> None:
    """Any user of group 0, without a home."""
    folder = tmp_path / "checkout"
    shutil.copytree(built.project.folder, folder, ignore=shutil.ignore_patterns(".conda"))
    name = _started(built, "--publish=127.0.0.1::8888", "--user=4321:0", f"-v={folder}:/workspace")
    try:
        address = f"http://{_docker('port', name, '8888/tcp').splitlines()[0]}"
        _wait(f"{address}/api")
        page = f"{address}/lab/tree/analyses/01-penguins.ipynb?token=t"
        found = look("notebook.js", page, os.fspath(tmp_path))
    finally:
        print(_docker("logs", name))
        _docker("rm", "--force", name)
    assert found["kernel"].startswith("Python 3")
    assert found["drawn"] > 300
    assert (found["errors"], found["trouble"]) == ([], [])


@pytest.fixture(scope="module")
def native(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The environment on this machine, without a container."""
    prefix = tmp_path_factory.mktemp("native") / "env"
    built.project.strata("install", "--env=dev", f"--prefix={prefix}")
    return prefix


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_strata_ends_jupyterlab_and_its_kernels(
    built: Built, native: Path, tmp_path: Path, number: signal.Signals
) -> None:
    """No process is left, and the port is free again."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = ["lab", f"--prefix={native}", f"--port={port}", "--"]
    options = ["--no-browser", "--allow-root", "--IdentityProvider.token=t"]
    with (tmp_path / "said").open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "conda_strata", *words, *options],
            cwd=built.project.folder,
            env=os.environ | {"HOME": os.fspath(tmp_path)},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
            preexec_fn=_interruptible,  # noqa: PLW1509 - it only sets a signal
        )
    try:
        _wait(f"http://127.0.0.1:{port}/api")
        kernels = f"http://127.0.0.1:{port}/api/kernels?token=t"
        urllib.request.urlopen(kernels, data=b"{}").close()
        started = _children(process.pid)  # each kernel has a session of its own
        assert started, "no kernel was started"
        process.send_signal(number)
        assert process.wait(60) == 0, (tmp_path / "said").read_text()
        end = time.monotonic() + 30  # a kernel that still starts notices by itself, once a second
        while (left := _running(started)) and time.monotonic() < end:
            time.sleep(0.2)
        assert not left, left
        socket.create_server(("127.0.0.1", port)).close()
    finally:
        process.kill()
        process.wait()


def _interruptible() -> None:
    """Undo what a shell does to commands in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _running(processes: list[int]) -> list[str]:
    """Return the states of those that run; one that nobody waited for has ended all the same."""
    command = ["ps", "-o", "stat=,args=", "-p", ",".join(map(str, processes))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return [state for state in done.stdout.splitlines() if not state.startswith("Z")]


def _children(parent: int) -> list[int]:
    command = ["ps", f"--ppid={parent}", "-o", "pid="]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return [int(pid) for pid in done.stdout.split()]


def test_docker_stop_ends_jupyterlab(built: Built) -> None:
    """Although it is the container's first process, which the kernel keeps from most signals.

    Its user is root, as the README's line makes it for who is root on the host.
    """
    name = _started(built, "--publish=127.0.0.1::8888", "--user=0:0")
    try:
        _wait(f"http://{_docker('port', name, '8888/tcp').splitlines()[0]}/api")
        _docker("stop", "--time=30", name)
        assert _docker("inspect", "--format={{.State.ExitCode}}", name).strip() == "0"
    finally:
        _docker("rm", "--force", name)


def _started(built: Built, *options: str) -> str:
    """Start JupyterLab in a container as the README does, and return the container's name."""
    lab = ["strata", "lab", "--", "--IdentityProvider.token=t"]
    command = ["docker", "run", "--detach", *options, built.reference("dev"), *lab]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _docker(*words: str) -> str:
    done = subprocess.run(["docker", *words], capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


def _wait(url: str) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(url, timeout=2).close()  # noqa: S310
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)
        else:
            return
