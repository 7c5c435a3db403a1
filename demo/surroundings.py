"""Where the demo finds the world: the public hosts, or the rig's stand-ins for them."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import rig
from demo.image import Cloud

CHECKOUT = Path(__file__).resolve().parent.parent
DEBIAN = "debian:trixie-slim"
"""The base image that the Dockerfile names."""

CONDA_FORGE = "https://conda.anaconda.org/conda-forge/noarch/repodata_shards.msgpack.zst"


@dataclass(frozen=True)
class Surroundings:
    """What the demo works with.

    Attributes
    ----------
    answers
        Answers to the template's questions that differ from the defaults here.
    platforms
        Those that the channel has packages for; empty where it has them for all.
    cloud
        What an image build needs, or None where there is no Docker.
    own_docker
        Whether the Docker daemon is the rig's own, so that its cache may be dropped.
    """

    answers: dict[str, str]
    platforms: tuple[str, ...]
    cloud: Cloud | None
    own_docker: bool

    @property
    def lock_options(self) -> list[str]:
        """Options for ``strata lock``, for a project whose own platforms are more."""
        return [f"--platform={name}" for name in self.platforms]


def find(wheels: Path, *, docker: bool = True) -> Surroundings:
    """Bring up what is missing here, and point ``strata`` to it.

    Parameters
    ----------
    wheels
        Folder for the wheel of this checkout's ``conda-strata``.
    docker
        Whether to look for Docker at all.

    Raises
    ------
    rig.RigError
        When something that should work on this machine does not.
    """
    public = reachable(CONDA_FORGE)
    here = rig.up(docker=docker, stand_ins=not public)
    answers = {"registry": here.registry or "ghcr.io"}
    if here.rattler_config and here.python_version:
        os.environ["XDG_CONFIG_HOME"] = str(here.rattler_config.parent.parent)
        answers["python_version"] = here.python_version
    if not here.docker:
        return Surroundings(answers, _platforms(public=public), None, own_docker=False)
    args = {"STRATA": f"/wheels/{build_wheel(wheels).name}"}
    contexts = {"wheels": str(wheels)}
    if here.base_image:
        contexts[DEBIAN] = f"docker-image://{here.base_image}"
    cloud = Cloud(args, contexts, here.rattler_config)
    return Surroundings(answers, _platforms(public=public), cloud, own_docker=here.own_docker)


def _platforms(*, public: bool) -> tuple[str, ...]:
    return () if public else ("linux-64",)


def reachable(url: str) -> bool:
    """Whether *url* answers within five seconds."""
    request = urllib.request.Request(url, method="HEAD")  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=5):  # noqa: S310
            return True
    except (OSError, urllib.error.URLError):
        return False


def build_wheel(folder: Path) -> Path:
    """Build the wheel of this checkout's ``conda-strata`` into *folder*, alone there."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.whl"):
        old.unlink()
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder)]
        + [str(CHECKOUT)],
        check=True,
    )
    (wheel,) = folder.glob("*.whl")
    return wheel
