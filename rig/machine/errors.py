"""The one error this package raises on purpose."""

from __future__ import annotations


class RigError(Exception):
    """Something the rig needs failed; the message says what, and what to do about it."""
