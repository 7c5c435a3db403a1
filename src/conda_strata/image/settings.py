"""The settings of a project's images: ``[tool.strata.image]`` of ``pyproject.toml``.

Where there is no ``pyproject.toml``, ``[image]`` of ``strata.toml`` holds the same. Editors know them
by ``settings.schema.json`` beside this module.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from conda_strata.core.errors import UsageError
from conda_strata.spec.manifest import DEFAULT

PYPROJECT, STRATA = "pyproject.toml", "strata.toml"
DOCKERFILE = Path(".devcontainer/Dockerfile")
BASE = "debian:trixie-slim"
TARGETS = {"dev": "dev", "runtime": DEFAULT}
COMPRESSIONS = ("zstd", "gzip")

_PART = r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*"
_NAME = re.compile(rf"(?:(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::\d+)?/)?{_PART}(?:/{_PART})*")


@dataclass(frozen=True)
class Settings:
    """What a project says of its images.

    Attributes
    ----------
    name
        Registry and repository, without a tag; "" where the project names none.
    platforms
        Subdirs of Linux.
    targets
        Name of an image, and of a stage of the Dockerfile, to the environment in it; None where
        the project names none.
    compression
        Of the layers.
    size_limit
        What all packages of an environment may weigh together, such as ``3GB``.
    dockerfile
        Where the base images come from; None for `base` as it is.
    base
        The image below where there is no Dockerfile.
    slim
        Whether to leave out what :mod:`conda_strata.image.slim` names.
    about
        What the project says of itself, as images say it: OCI's names of annotations, to text.
    file
        Where all that was read from, for messages.
    """

    name: str = ""
    platforms: tuple[str, ...] = ("linux-64",)
    targets: Mapping[str, str] | None = None
    compression: str = "zstd"
    size_limit: str | None = None
    dockerfile: Path | None = None
    base: str = BASE
    slim: bool = False
    about: Mapping[str, str] = field(default_factory=dict)
    file: Path = field(default=Path(PYPROJECT), compare=False)

    @property
    def table(self) -> str:
        """The table that holds them, as the file has it."""
        return table_in(self.file)


def checked_name(name: str) -> str:
    """Return the name of an image's repository, as registries take it.

    Raises
    ------
    UsageError
        When they do not.
    """
    if name != name.lower():
        raise UsageError(
            f"{name!r} has upper-case letters, and registries take lower case only",
            f"Write {name.lower()!r}.",
        )
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is no name of an image",
            "Name one as in ghcr.io/owner/project, without a tag.",
        )
    return name


def table_in(file: Path) -> str:
    """Return the name of the table of settings in *file*."""
    return "tool.strata.image" if file.name == PYPROJECT else "image"
