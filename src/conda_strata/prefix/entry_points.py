"""The programs that rattler makes for a noarch package of Python: from ``info/link.json``."""

from __future__ import annotations

import json
import re
from pathlib import Path

_COMMAND = re.compile(r"\w[\w.+@-]{0,254}")


def commands(package: Path) -> list[str]:
    """Return the names of the programs of a package that is unpacked in *package*.

    Raises
    ------
    ValueError
        When one could not be a program of Python, with what is wrong.
    """
    try:
        text = (package / "info/link.json").read_text("utf-8")
    except FileNotFoundError:
        return []
    try:
        noarch = json.loads(text, object_pairs_hook=_once)["noarch"]
        points = noarch.get("entry_points", [])
        kind = noarch["type"]
    except (TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError(f"it cannot be read ({type(error).__name__})") from error
    if kind != "python" or not isinstance(points, list):
        raise ValueError("it describes no package of Python")
    return [_command(point) for point in points]


def _command(point: object) -> str:
    if not isinstance(point, str):
        raise ValueError("an entry point is no text")  # noqa: TRY004 - of what was read
    command, _, function = (part.strip() for part in point.partition("="))
    if not _COMMAND.fullmatch(command):
        raise ValueError(f"{command!r} is no name of a program")
    module, _, name = (part.strip() for part in function.partition(":"))
    if not all(part.isidentifier() for part in [*module.split("."), *name.split(".")]):
        raise ValueError(f"{point!r} names no function of Python")
    return command


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found
