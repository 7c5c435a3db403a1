"""From the image to a figure in a notebook: JupyterLab as the README starts it, in a real browser."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import urllib.request
from pathlib import Path

from .browser import look
from .conftest import Built


def test_a_notebook_runs_to_its_figure_in_the_browser(built: Built, tmp_path: Path) -> None:
    """Any user of group 0, without a home."""
    folder = tmp_path / "checkout"
    shutil.copytree(built.project.folder, folder, ignore=shutil.ignore_patterns(".conda"))
    started = subprocess.run(
        ["docker", "run", "--detach", "--rm", "--publish=127.0.0.1::8888", "--user=4321:0"]
        + [f"--volume={folder}:/workspace", built.reference("dev")]
        + ["strata", "lab", "--", "--IdentityProvider.token=t"],
        capture_output=True,
        text=True,
        check=True,
    )
    name = started.stdout.strip()
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
