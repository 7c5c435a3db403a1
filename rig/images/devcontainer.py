"""What the devcontainer CLI leaves in Docker for a checkout, and how it is taken away."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_MADE = "vsc-"
"""How the names begin of the images that the CLI derives, such as one with the user's number."""


def forget(folder: Path) -> None:
    """Remove the containers of a checkout, their volumes, and the images made for them."""
    label = f"--filter=label=devcontainer.local_folder={os.fspath(folder)}"
    containers = _docker("ps", "--all", "--quiet", label)
    if not containers:
        return
    volumes = '{{range .Mounts}}{{if eq .Type "volume"}}{{.Name}} {{end}}{{end}}'
    names = _docker("inspect", "--format", volumes, *containers)
    images = _docker("inspect", "--format", "{{.Config.Image}}", *containers)
    _docker("rm", "--force", *containers)
    if names:
        _docker("volume", "rm", *names)
    if derived := [image for image in images if image.startswith(_MADE)]:
        _docker("image", "rm", "--force", *derived)


def _docker(*words: str) -> list[str]:
    done = subprocess.run(["docker", *words], capture_output=True, text=True, check=True)
    return done.stdout.split()
