"""A dependency as it is written in an environment file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from conda_strata.spec import selectors

_NAME = re.compile(r"[A-Za-z0-9_.-]+")


@dataclass(frozen=True)
class Spec:
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


@cache
def package_name(spec: str) -> str:
    """Return the package that a MatchSpec such as ``conda-forge::numpy >=2`` asks for."""
    found = _NAME.match(spec.strip().rpartition("::")[2])
    return found[0].lower() if found else ""
