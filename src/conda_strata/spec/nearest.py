"""The nearest of the known names to one that is not known."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_LIKE = 0.75


def nearest(name: str, known: Iterable[str], most: int = 3) -> list[str]:
    """Return the names of *known* that are most like *name*, the nearest first."""
    return difflib.get_close_matches(name.lower(), list(known), most, _LIKE)


def did_you_mean(names: Iterable[str]) -> str:
    """Return the question for *names*, or nothing when there are none."""
    shown = " or ".join(repr(name) for name in names)
    return f"Did you mean {shown}?" if shown else ""
