"""The hashes that a requirements file gives (``--hash``), compared with what is locked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from conda_strata.core.errors import ManifestError
from conda_strata.pypi.wheel import Wheel


def require_hashes(wheels: Iterable[Wheel], allowed: Mapping[str, frozenset[str]]) -> None:
    """Refuse a wheel whose hash is not one of those that its requirement lists.

    Raises
    ------
    ManifestError
        With the wheel and its hash.
    """
    by_name: dict[str, set[str]] = {}
    for text, sums in allowed.items():
        by_name.setdefault(canonicalize_name(Requirement(text).name), set()).update(sums)
    for wheel in wheels:
        if wheel.name in by_name and wheel.sha256 not in by_name[wheel.name]:
            raise ManifestError(
                f"{wheel.file_name} has the SHA-256 {wheel.sha256}, which is none of its "
                "requirement's --hash",
                "The index offers another file than the one that was written down: find out why, "
                "or update the line.",
            )
