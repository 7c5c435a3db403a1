"""Conda platforms (subdirs), the names other tools give them, and what each can be assumed to be.

Solving for a machine that is not this one needs its virtual packages spelled out: the solver
assumes none (https://github.com/conda/ceps/blob/main/cep-0030.md).
"""

from __future__ import annotations

import platform
import sys

from conda_strata.core.errors import UsageError

GLIBC = "2.28"
LINUX = "4.18"
MACOS = "13.0"

_LINUX_VIRTUAL = {"__unix": ("0", "0"), "__linux": (LINUX, "0"), "__glibc": (GLIBC, "0")}
_OSX_VIRTUAL = {"__unix": ("0", "0"), "__osx": (MACOS, "0")}

VIRTUAL_PACKAGES: dict[str, dict[str, tuple[str, str]]] = {
    "linux-64": _LINUX_VIRTUAL | {"__archspec": ("1", "x86_64")},
    "linux-aarch64": _LINUX_VIRTUAL | {"__archspec": ("1", "aarch64")},
    "osx-64": _OSX_VIRTUAL | {"__archspec": ("1", "x86_64")},
    "osx-arm64": _OSX_VIRTUAL | {"__archspec": ("1", "m1")},
    "win-64": {"__win": ("0", "0"), "__archspec": ("1", "x86_64")},
}
"""Name to (version, build string) of the virtual packages each platform is solved with."""

_DOCKER = {"linux/amd64": "linux-64", "linux/arm64": "linux-aarch64"}

_MACHINES = {
    ("linux", "x86_64"): "linux-64",
    ("linux", "aarch64"): "linux-aarch64",
    ("darwin", "x86_64"): "osx-64",
    ("darwin", "arm64"): "osx-arm64",
    ("win32", "amd64"): "win-64",
}


def subdir(name: str) -> str:
    """Return the conda subdir that *name* means.

    Takes a subdir (``linux-64``) or the name Docker gives the platform (``linux/amd64``).

    Raises
    ------
    UsageError
        When no such platform is supported.
    """
    found = _DOCKER.get(name, name)
    if found not in VIRTUAL_PACKAGES:
        raise UsageError(
            f"unknown platform {name!r}", f"Choose from: {', '.join(sorted(VIRTUAL_PACKAGES))}."
        )
    return found


def docker(subdir: str) -> str:
    """Return the name that Docker gives a Linux platform: ``linux/amd64`` for ``linux-64``.

    Raises
    ------
    UsageError
        When images are not made for it.
    """
    for name, known in _DOCKER.items():
        if known == subdir:
            return name
    raise UsageError(f"there are no images for {subdir}", "Choose linux-64 or linux-aarch64.")


def here() -> str:
    """Return the platform of the containers that this machine runs."""
    arm = platform.machine().lower() in {"arm64", "aarch64"}
    return "linux-aarch64" if arm else "linux-64"


def current() -> str:
    """Return the subdir of the machine this runs on.

    Raises
    ------
    UsageError
        When the machine is none of the supported platforms.
    """
    machine = (sys.platform, platform.machine().lower())
    if machine not in _MACHINES:
        raise UsageError(
            f"this machine ({machine[0]}, {machine[1]}) is no supported platform",
            "Name the platform to work for with --platform.",
        )
    return _MACHINES[machine]
