"""The login for a Python index, from where uv looks for it too; netrc is requests' own matter."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

_VARIABLES = ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL")


def login(url: str) -> tuple[str, str] | None:
    """Return the user and password for *url*: those of an index of uv's on the same host."""
    wanted = urlsplit(url)
    for name, index in (*_of_variables(), *_of_configuration()):
        try:
            found = urlsplit(index)
            same = (found.scheme, found.hostname, found.port) == (
                wanted.scheme,
                wanted.hostname,
                wanted.port,
            )
        except ValueError:
            continue
        stem = f"UV_INDEX_{re.sub('[^A-Z0-9]', '_', name.upper())}" if name else ""
        user = os.environ.get(f"{stem}_USERNAME") or unquote(found.username or "")
        password = os.environ.get(f"{stem}_PASSWORD") or unquote(found.password or "")
        if same and (user or password):
            return user, password
    return None


def hosts() -> set[str]:
    """Return the hosts of the indexes that uv is told of here; nothing is asked."""
    found = set()
    for _, index in (*_of_variables(), *_of_configuration()):
        try:
            found.add(urlsplit(index).hostname or "")
        except ValueError:
            continue
    return found - {""}


def _of_variables() -> Iterator[tuple[str, str]]:
    for variable in _VARIABLES:
        for index in os.environ.get(variable, "").split():
            name = re.match(r"([\w.-]+)=", index)
            yield (name[1], index[name.end() :]) if name else ("", index)


def _of_configuration() -> Iterator[tuple[str, str]]:
    """Yield the indexes of the user's ``uv.toml``; what uv cannot read it says itself."""
    if os.environ.get("UV_NO_CONFIG", "").lower() in {"1", "true", "yes", "y", "on", "t"}:
        return
    named = os.environ.get("UV_CONFIG_FILE")
    home = os.environ.get("APPDATA" if os.name == "nt" else "XDG_CONFIG_HOME")
    file = Path(named or Path(home or Path.home() / ".config", "uv", "uv.toml"))
    try:
        content: dict[str, Any] = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return
    pip = content.get("pip")
    for table in (content, pip if isinstance(pip, dict) else {}):
        for index in table.get("index") or ():
            if isinstance(index, dict):
                yield str(index.get("name", "")), str(index.get("url", ""))
        extra = table.get("extra-index-url") or []
        for url in (table.get("index-url"), *(extra if isinstance(extra, list) else [extra])):
            if isinstance(url, str):
                yield "", url
