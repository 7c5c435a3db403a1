"""Find a Docker daemon, or bring one up on a bare Debian 12."""

from __future__ import annotations

import platform
import shutil
from pathlib import Path

from rig.machine import ports, process
from rig.machine.commands import apt_install, is_root, run, succeeds, tail
from rig.machine.errors import RigError
from rig.machine.progress import note, step
from rig.machine.state import State, cache_dir

# Bookworm's own Docker has no BuildKit builder that exports inline caches; trixie's has, and runs
# on bookworm with bookworm's runc and tini.
PACKAGES = ("docker.io", "docker-cli", "docker-buildx", "containerd")
SOURCES = """\
Types: deb
URIs: http://deb.debian.org/debian
Suites: trixie
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""
PINS = f"""\
Package: *
Pin: release n=trixie
Pin-Priority: 100

Package: {" ".join(PACKAGES)}
Pin: release n=trixie
Pin-Priority: 900
"""
# This image store is what lets the default builder write registry caches and zstd layers.
DAEMON = '{"features": {"containerd-snapshotter": true}}\n'


def usable() -> bool:
    """Tell whether a Docker daemon answers."""
    return shutil.which("docker") is not None and succeeds(
        ["docker", "info", "--format", "{{.ServerVersion}}"]
    )


def gateway() -> str:
    """Return the address under which this machine and its build containers both reach a server.

    Falls back to loopback, with a note, where the bridge's address is not one of this machine's
    (a daemon in a virtual machine, say): then only the host reaches the channel.

    Raises
    ------
    RigError
        When the daemon has no bridge network.
    """
    address = run(
        ["docker", "network", "inspect", "bridge", "-f", "{{(index .IPAM.Config 0).Gateway}}"],
        fix="The daemon needs its default bridge network.",
    ).strip()
    if ports.can_bind(address, 0):
        return address
    note(f"cannot listen on Docker's gateway {address}: build containers won't see the channel")
    return "127.0.0.1"


def ensure(state: State) -> bool:
    """Have a Docker daemon, and tell whether that worked; the reason for a no is printed."""
    if usable():
        return True
    try:
        if shutil.which("dockerd") is None:
            _install()
        if not usable():  # installing starts it where there is a service manager
            _start(state)
    except RigError as error:
        note(f"no Docker: {error}")
        return False
    return True


def _install() -> None:
    """Install Docker from Debian's archive.

    Raises
    ------
    RigError
        On any other system than Debian 12 as root, and when apt fails.
    """
    release = platform.freedesktop_os_release()
    if release.get("VERSION_CODENAME") != "bookworm" or not is_root():
        raise RigError("install and start Docker; the rig does that itself only as root, Debian 12")
    with step("Docker from Debian"):
        Path("/etc/apt/sources.list.d/rig-trixie.sources").write_text(SOURCES, encoding="utf-8")
        Path("/etc/apt/preferences.d/rig-trixie").write_text(PINS, encoding="utf-8")
        configuration = Path("/etc/docker/daemon.json")
        if not configuration.exists():
            configuration.parent.mkdir(parents=True, exist_ok=True)
            configuration.write_text(DAEMON, encoding="utf-8")
        apt_install(*PACKAGES, "iptables", "ca-certificates")


def _start(state: State) -> None:
    """Start the daemon and wait until it answers.

    Raises
    ------
    RigError
        When this is not root, or the daemon does not come up; the end of its log is included.
    """
    if not is_root():
        raise RigError("the daemon is not running, and only root can start it: start Docker")
    log = cache_dir() / "dockerd.log"
    with step("Docker daemon"):
        # It gives its containerd a few seconds, which are too few for a large store on a cold disk.
        if not any(_comes_up(state, log) for _ in range(2)):
            end = tail(log.read_text(encoding="utf-8", errors="replace"))
            raise RigError(f"dockerd did not start. The end of {log}:\n{end}")


def _comes_up(state: State, log: Path) -> bool:
    """Start the daemon, and tell whether it answers; if not it is stopped."""
    daemon = process.start(["dockerd"], log, address="/var/run/docker.sock", serves="")
    state.processes["dockerd"] = daemon
    state.save()
    try:
        ports.wait_for(lambda: usable() or not process.alive(daemon), 60, "dockerd does not answer")
    finally:
        if not usable():
            process.stop(daemon)
    return usable()
