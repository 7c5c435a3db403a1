"""Why there is no release."""

from __future__ import annotations


class RefusedError(Exception):
    """Something that has to be put right first; nothing was changed."""
