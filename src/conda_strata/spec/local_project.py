"""Your own code in a ``pip:`` list (``-e .``): it is not locked, what it requires is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from conda_strata.core.errors import ManifestError

_LOCAL = re.compile(r"\.{0,2}(?:[/\\]|$|\[)|\.{1,2}$|file:|~[/\\]|[A-Za-z]:[/\\]")


@dataclass(frozen=True)
class Project:
    """A folder with a Python project.

    Attributes
    ----------
    file
        Its ``pyproject.toml``.
    requires
        What it requires, or None where only its build could tell.
    """

    file: Path
    requires: list[str] | None


def is_local(text: str) -> bool:
    """Whether *text* is a path, not the name of a package: ``.``, ``./lib[extra]``, ``file:…``."""
    path = text.partition("@")[2].strip() if re.match(r"[\w.-]+\s*@\s*\S", text) else text
    return (
        bool(path)
        and bool(_LOCAL.match(path) or re.match(r"[\w.-]+[/\\]", path))
        and ("://" not in path or path.startswith("file:"))
    )


def read(text: str, folder: Path) -> Project:
    """Return the project at the path *text*, seen from *folder*; extras may stand behind it."""
    found = re.fullmatch(r"(?:[\w.-]+\s*@\s*)?(?:file:(?://)?)?(.*?)(?:\[([\w, .-]*)\])?", text)
    path, extras = (found[1], found[2] or "") if found else (text, "")
    file = folder / path / "pyproject.toml"
    return Project(file, _requires(file, [e.strip() for e in extras.split(",") if e.strip()]))


def _requires(file: Path, extras: list[str]) -> list[str] | None:
    from conda_strata.spec import limited_toml

    try:
        project = limited_toml.load(file).get("project")
    except ManifestError:
        return None
    if not isinstance(project, dict) or "dependencies" in _list(project.get("dynamic")):
        return None
    optional = project.get("optional-dependencies")
    named = [optional.get(extra) for extra in extras] if isinstance(optional, dict) else []
    lists = [project.get("dependencies"), *named]
    return [one for found in lists for one in _list(found) if isinstance(one, str)]


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
