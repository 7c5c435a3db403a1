"""Dependencies as they are written in an environment file."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from conda_strata.spec import selectors

_NAME = re.compile(r"[A-Za-z0-9_.-]+")


class Spec(NamedTuple):
    """One entry of ``dependencies:`` or of its ``pip:`` list, and where it was written.

    Attributes
    ----------
    text
        A conda MatchSpec, or a requirement as in PEP 508.
    selector
        The platform selector behind it, such as ``linux``.
    """

    text: str
    file: Path
    line: int
    selector: str | None = None

    @property
    def where(self) -> str:
        """The place of the spec, as ``file:line``."""
        return f"{self.file}:{self.line}"

    def applies(self, subdir: str) -> bool:
        """Whether the spec is meant for *subdir*."""
        return self.selector is None or selectors.holds(self.selector, subdir)


class PipList:
    """What ``pip:`` lists ask for.

    Attributes
    ----------
    specs
        The requirements.
    constraints
        What limits the versions of packages without asking for them.
    options
        Words for uv: the indexes, and whether early versions may be taken.
    files
        The requirements files that were read.
    hashes
        Requirement to the SHA-256 that its file may have, where its line says so.
    """

    def __init__(self) -> None:
        self.specs: list[Spec] = []
        self.constraints: list[Spec] = []
        self.options: list[tuple[str, ...]] = []
        self.files: list[Path] = []
        self.hashes: dict[str, frozenset[str]] = {}


@cache
def package_name(spec: str) -> str:
    """Return the package that a MatchSpec such as ``conda-forge::numpy >=2`` asks for."""
    found = _NAME.match(spec.strip().rpartition("::")[2])
    return found[0].lower() if found else ""
