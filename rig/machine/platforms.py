"""The two platforms that channel and base image are for: this machine's, and the other one."""

from __future__ import annotations

import platform
from dataclasses import dataclass

from rig.machine.errors import RigError


@dataclass(frozen=True)
class Platform:
    """One kind of machine, as conda, the kernel and Debian call it."""

    subdir: str
    machine: str
    debian: str

    @property
    def docker(self) -> str:
        """Return Docker's name for it."""
        return f"linux/{self.debian}"


PLATFORMS = (
    Platform("linux-64", "x86_64", "amd64"),
    Platform("linux-aarch64", "aarch64", "arm64"),
)


def native() -> Platform:
    """Return this machine's platform.

    Raises
    ------
    RigError
        When it is none of the two.
    """
    for one in PLATFORMS:
        if (platform.system(), platform.machine()) == ("Linux", one.machine):
            return one
    raise RigError("The rig's channel is made of Linux binaries (x86_64, aarch64): use Linux.")


def foreign() -> Platform:
    """Return the platform whose programs this machine cannot run."""
    return next(one for one in PLATFORMS if one != native())
