"""The cloud on one machine: Docker, an image registry, a base image and a conda channel.

The demo, the end-to-end tests and the benchmarks run on it. `python -m rig --help` tells more.
"""

from __future__ import annotations

from rig.lifecycle import Rig, down, status, up
from rig.machine.errors import RigError

__all__ = ["Rig", "RigError", "down", "status", "up"]
