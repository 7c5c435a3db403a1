"""Numbers and lists as people read them."""

from __future__ import annotations


def megabytes(count: int) -> str:
    """Return a number of bytes for people, in megabytes (10⁶ bytes)."""
    return f"{count / 1e6:,.1f} MB"
