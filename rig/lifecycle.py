"""Bring everything up, take it down, say how it is."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rig.channel import build as channel
from rig.channel import server
from rig.images import base_image, daemon, registry
from rig.machine import process
from rig.machine.commands import succeeds
from rig.machine.progress import note
from rig.machine.state import State, atomic_write, cache_dir, locked

CONDA_FORGE = "https://conda.anaconda.org/conda-forge"


@dataclass(frozen=True)
class Rig:
    """What is there to use.

    Attributes
    ----------
    docker
        Whether a Docker daemon answers.
    own_docker
        Whether that daemon's cache and images may be dropped: the rig started it, or the variable
        RIG_OWN_DOCKER says so (for a machine that is thrown away, as on CI).
    registry
        The image registry's host and port ("127.0.0.1:5000"), None without Docker.
    base_image, python_image
        Images in that registry, in place of the public ones; None without Docker or stand-ins.
    channel_url
        The conda channel. With Docker, build containers reach it at the same URL as this machine.
        None without stand-ins, as are the next two.
    rattler_config
        ``…/rattler/config.toml``: a configuration that makes rattler take the channel for
        conda-forge.
    python_version
        The channel's Python, as "3.11".
    platforms
        What both the channel and `base_image` are for, in conda's words: this machine's platform,
        and the other of "linux-64" and "linux-aarch64" where the channel could be made for it.
        Empty without stand-ins.
    """

    docker: bool
    own_docker: bool
    registry: str | None
    base_image: str | None
    python_image: str | None
    channel_url: str | None
    rattler_config: Path | None
    python_version: str | None
    platforms: tuple[str, ...] = ()


def up(docker: bool = True, stand_ins: bool = True) -> Rig:
    """Bring up whatever is not up yet, and return what there is.

    Without a Docker daemon, and where none can be started, `Rig.docker` is False and the reason is
    printed. With `docker=False` none is looked for. With `stand_ins=False` the public hosts are
    used: no base image and no channel is made.

    Raises
    ------
    RigError
        When a part that should work does not; the message says what to do.
    """
    started = time.monotonic()
    with locked():
        state = State.load()
        with_docker = docker and daemon.ensure(state)
        address = registry.ensure(state) if with_docker else None
        ours = process.alive(state.processes.get("dockerd")) or os.environ.get("RIG_OWN_DOCKER")
        own = with_docker and bool(ours)
        rig = Rig(with_docker, own, address, None, None, None, None, None)
        if stand_ins:
            rig = _stand_in(rig, state)
        state.rig = answer(rig)
        state.save()
    note(f"up in {time.monotonic() - started:.1f} s")
    return rig


def _stand_in(rig: Rig, state: State) -> Rig:
    """Make the images and the channel, and serve the channel."""
    # The images are made by other programs, mostly waiting for the network, and the channel by
    # this one: side by side they take hardly longer than one of them.
    with ThreadPoolExecutor(1) as aside:
        made = aside.submit(_images, rig.registry) if rig.registry else None
        folder, python = channel.ensure()
        images = made.result() if made else (None, None)
    url = server.ensure(state, folder, daemon.gateway() if rig.docker else "127.0.0.1")
    config = cache_dir() / "config" / "rattler" / "config.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(config, f'[mirrors]\n"{CONDA_FORGE}" = ["{url}"]\n')
    return replace(
        rig,
        base_image=images[0],
        python_image=images[1],
        channel_url=url,
        rattler_config=config,
        python_version=python.short,
        platforms=channel.subdirs(folder),
    )


def _images(address: str) -> tuple[str, str]:
    return base_image.ensure(address, base_image.prepare())


def down() -> None:
    """Stop every process that `up` started, and nothing else; the cache stays."""
    with locked():
        state = State.load()
        for name in state.containers.values():
            succeeds(["docker", "rm", "-f", name])
        # The daemon last: the registry's container needs it.
        for name in sorted(state.processes, key=lambda name: name == "dockerd"):
            if process.alive(state.processes[name]):
                note(f"stopping {name} (process {state.processes[name].pid})")
                process.stop(state.processes[name])
        state.processes, state.containers, state.rig = {}, {}, None
        state.save()


def status() -> dict[str, Any]:
    """Return what is up: the fields of `Rig`, the processes of ours that live, the cache folder."""
    state = State.load()
    living = {name: one.pid for name, one in state.processes.items() if process.alive(one)}
    return {
        "up": state.rig is not None and bool(living),
        **(state.rig or {}),
        "processes": living,
        "cache": str(cache_dir()),
    }


def answer(rig: Rig) -> dict[str, Any]:
    """Return a rig as plain values."""
    config = rig.rattler_config and str(rig.rattler_config)
    return {**vars(rig), "rattler_config": config}
