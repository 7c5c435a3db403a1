"""Values of TOML files, which anybody may have written: of the type that is meant, or absent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Table = Mapping[str, Any]


def table(holder: Table, *keys: str) -> Table:
    """Return the table below *keys*; an empty one where there is none."""
    found: object = holder
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def texts(holder: Table, key: str) -> list[str]:
    """Return the texts of the list *key*."""
    found = holder.get(key)
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def text(holder: Table, key: str) -> str:
    """Return the text *key*; an empty one where there is none."""
    found = holder.get(key)
    return found if isinstance(found, str) else ""
