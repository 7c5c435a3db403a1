"""Make the pictures of the tutorial and the READMEs: the example's report, and its notebook in JupyterLab.

    python -m docs.pictures

A project is generated, locked and installed as the tutorial does it, and looked at in Chromium.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from demo import surroundings
from demo.project import Project, generate
from rig.browser import look

FOLDER = Path(__file__).parent / "tutorial"
MOST = 150_000
"""Bytes of a picture: a README shows two, also on a slow line."""


def main() -> None:
    """Make all pictures."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        here = surroundings.find(folder / "wheels", docker=False)
        (folder / "project").mkdir()
        project = generate(folder / "project", here.answers)
        project.strata("lock", *here.lock_options)
        project.strata("install", "--env=dev")
        install = ["pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "-e", "."]
        for words in (install, [project.package]):
            project.strata("run", "--", "python", "-m", *words)
        shown = folder / "report.png"
        report = project.folder / "reports/report.html"
        look(
            "page.js", os.fspath(report), os.fspath(shown), "800", "985"
        )  # ends before the next line of text
        _keep(shown)
        with _lab(project) as address:
            page = f"{address}/lab/tree/analyses/01-penguins.ipynb?token=t"
            found = look("notebook.js", page, temporary)
        if not found["drawn"] or found["errors"]:
            raise RuntimeError(f"the notebook shows no figure: {found}")
        _keep(folder / "notebook.png")


@contextmanager
def _lab(project: Project) -> Iterator[str]:
    """Run JupyterLab, with the token ``t``."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = ["lab", f"--port={port}", "--", "--no-browser", "--allow-root"]
    command = [sys.executable, "-m", "conda_strata", *words, "--IdentityProvider.token=t"]
    with subprocess.Popen(command, cwd=project.folder) as process:
        address = f"http://127.0.0.1:{port}"
        try:
            _wait(f"{address}/api", process)
            yield address
        finally:
            process.send_signal(signal.SIGTERM)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=2).close()  # noqa: S310
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError("JupyterLab ended before it answered")


def _keep(picture: Path) -> None:
    """Write a picture with 256 colours, which text and plots need no more of.

    Raises
    ------
    RuntimeError
        When it is too large all the same.
    """
    target = FOLDER / picture.name
    with Image.open(picture) as opened:
        reduced = opened.convert("RGB").quantize(256, dither=Image.Dither.NONE)
        reduced.save(target, optimize=True)
    size = target.stat().st_size
    print(f"{target}: {reduced.width} × {reduced.height}, {size / 1000:.0f} kB")
    if size > MOST:
        raise RuntimeError(f"{target} has more than {MOST / 1000:.0f} kB")


if __name__ == "__main__":
    main()
