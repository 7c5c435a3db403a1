"""Which version of which spec would fit the others: what a person can change in a conflict."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence

from rattler import MatchSpec, RepoDataRecord

from conda_strata.spec.dependency import Spec, package_name

Again = Callable[[str, Sequence[str]], Awaitable[Sequence[RepoDataRecord]]]
"""Solves a platform with other specs; no records where that cannot be done, or not in time."""

_MOST = 4
"""Specs that are tried at most, because each is a solve."""


async def what_fits(
    named: Sequence[Spec], everything: Sequence[Spec], subdir: str, again: Again
) -> list[str]:
    """Return the lines that would do in the place of one of *named*, each by itself.

    Parameters
    ----------
    named
        The specs of a conflict.
    everything
        All specs of the platform.
    """
    found = []
    pinned = [spec for spec in named if _is_pinned(spec)]
    for spec in pinned[:_MOST]:
        name = package_name(spec.text)
        channel, mark, _ = spec.text.partition("::")
        bare = f"{channel}::{name}" if mark else name
        others = [one.text for one in everything if one is not spec]
        records = await again(subdir, [*others, bare])
        found += [
            f"{spec.where}: '{bare} ={_short(record)}'"
            for record in records
            if record.name.normalized == name
        ]
    return found


def _short(record: RepoDataRecord) -> str:
    """Return a version less its last parts, which differ between platforms."""
    version = str(record.version)
    found = re.match(r"\d+\.\d+(?=\.\d)", version)
    return found[0] if found else version


def _is_pinned(spec: Spec) -> bool:
    wanted = MatchSpec(spec.text)
    return bool(wanted.version or wanted.build)
