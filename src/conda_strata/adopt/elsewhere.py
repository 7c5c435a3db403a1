"""Dependencies that a repository has in places that are not read, for a person to copy."""

from __future__ import annotations

import ast
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from conda_strata.adopt.repository import ENVIRONMENTS, LARGEST, Repository, beginning

_FOLDERS = ("", "binder", ".binder", "env", "envs", "environments", "conda", "requirements")
_FILES = re.compile(r"Pipfile|pixi\.toml|requirements.*\.(in|txt)|.*\.ya?ml")
_READ = {*ENVIRONMENTS, "environment-dev.yml", "requirements.txt"}


def unread(repository: Repository) -> Iterator[str]:
    """Yield the files whose dependencies were not read."""
    if "poetry" in repository.tools:
        yield "pyproject.toml"
    for name in ("setup.py", "setup.cfg"):
        if "install_requires" in beginning(repository.folder / name):
            yield name
    for top in _FOLDERS:
        folder = repository.folder / top
        for file in sorted(folder.iterdir()) if folder.is_dir() else []:
            name = file.relative_to(repository.folder).as_posix()
            if name not in _READ and _FILES.fullmatch(file.name) and _has_dependencies(file):
                yield name


def imports(repository: Repository) -> list[str]:
    """Return what the scripts and notebooks import that is neither Python's nor their own."""
    found: set[str] = set()
    own = {"src"}
    for file in _walk(repository.folder):
        own |= {file.stem, *file.relative_to(repository.folder).parts[:-1]}
        if file.suffix in {".py", ".ipynb"} and file.stat().st_size < LARGEST:
            found |= set(_imported(_code(file)))
    return sorted(found - own - sys.stdlib_module_names, key=str.casefold)


def _has_dependencies(file: Path) -> bool:
    """Tell files of conda's form from other YAML; the rest is known by its name."""
    if file.suffix in {".yml", ".yaml"}:
        return re.search(r"(?m)^dependencies:", beginning(file)) is not None
    return True


def _walk(folder: Path) -> Iterator[Path]:
    for top, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (path for name in names if (path := Path(top, name)).is_file())


def _code(file: Path) -> str:
    """Return a script, or the code of a notebook without the lines for IPython."""
    if file.suffix == ".py":
        return beginning(file)
    try:
        cells = json.loads(beginning(file))["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, TypeError, KeyError):
        return ""
    return re.sub(r"(?m)^\s*[%!?].*$", "", "\n".join(code))


def _imported(code: str) -> Iterator[str]:
    try:
        nodes = ast.walk(ast.parse(code))
    except (SyntaxError, ValueError):
        return  # of Python 2, or no Python at all
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]
