"""Sizes as people write them: ``800MB``, ``1.5GB``, ``750MiB``, or bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from conda_strata.core.errors import UsageError

_UNITS = {"": 1, "b": 1} | {
    unit: base**power
    for base, units in ((1000, ("kb", "mb", "gb", "tb")), (1024, ("kib", "mib", "gib", "tib")))
    for power, unit in enumerate(units, 1)
}
_SIZE = re.compile(r"([0-9]+(?:_[0-9]+)*)(\.[0-9]+)? ?([a-z]*)", re.IGNORECASE)


@dataclass(frozen=True)
class Limit:
    """A size that is not to be exceeded, and how it was written."""

    text: str
    bytes: int


def read(text: str) -> Limit:
    """Read a size as people write it.

    Raises
    ------
    UsageError
        When that may mean several things, or nothing.
    """
    found = _SIZE.fullmatch(text.strip())
    unit = found[3].lower() if found else "?"
    if not found or unit not in _UNITS or (found[2] and _UNITS[unit] == 1):
        raise UsageError(
            f"{text!r} is no size",
            "Write it like 800MB, 1.5GB, 750MiB or 1_000_000 (bytes). "
            "MB is 10⁶ bytes, MiB is 2²⁰; kB, GB, TB, KiB, GiB and TiB likewise.",
        )
    return Limit(text.strip(), int(Decimal(found[1] + (found[2] or "")) * _UNITS[unit]))
