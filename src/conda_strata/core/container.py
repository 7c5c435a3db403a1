"""Whether this is a container, where there is no Docker and a port has to be published."""

from __future__ import annotations

from pathlib import Path

MARKS = (Path("/.dockerenv"), Path("/run/.containerenv"))
"""Files that Docker, and Podman, put into each container."""


def inside() -> bool:
    """Whether this process runs in a container of Docker or Podman."""
    return any(mark.exists() for mark in MARKS)
