"""Dependencies that a repository has in places that are not read, for a person to copy."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from conda_strata.adopt.repository import ENVIRONMENTS, LARGEST, Repository, beginning, walk

_FILES = re.compile(r"Pipfile|pixi\.toml|renv\.lock|requirements.*\.(in|txt)|(?!Chart\.).*\.ya?ml")
_LISTS = re.compile(r"(reqs|requirements)/[^/]+\.(in|txt)")
_READ = {*ENVIRONMENTS, "environment-dev.yml"}
_MOST = 3
"""Files of one folder that are named one by one."""


def unread(repository: Repository) -> Iterator[str]:
    """Yield what holds dependencies that were not read: files, or folders of many."""
    if "poetry" in repository.tools:
        yield "pyproject.toml"
    for name in ("setup.py", "setup.cfg"):
        if "install_requires" in beginning(repository.folder / name):
            yield name
    found = defaultdict(list)
    for file in sorted(_files(repository)):
        found[file.parent].append(file)
    for folder, files in found.items():
        few = len(files) <= _MOST
        for file in files if few else [folder]:
            yield file.relative_to(repository.folder).as_posix() + ("" if few else "/")


def _files(repository: Repository) -> Iterator[Path]:
    read = _READ if repository.leads_outside("requirements.txt") else {*_READ, "requirements.txt"}
    for file in walk(repository.folder, ".binder"):
        name = file.relative_to(repository.folder).as_posix()
        is_list = _FILES.fullmatch(file.name) or _LISTS.search(f"/{name}")
        if is_list and name not in read and _has_dependencies(file):
            yield file


def how(name: str) -> str:
    """Return what a person does with the dependencies of a file."""
    if name.endswith((".txt", ".in")):
        return f"copy them into environment.yml, or add '- -r {name}' to its pip: list"
    if name.endswith("renv.lock"):
        return "copy them into environment.yml, where dplyr of R is r-dplyr"
    if name.endswith((".yml", ".yaml")) and "/" not in name:
        return f"copy them into environment.yml, or rename {name} to it before 'strata adopt'"
    return "copy them into environment.yml"


def imports(repository: Repository) -> list[str]:
    """Return what the scripts and notebooks import that is neither Python's nor their own."""
    found: set[str] = set()
    own = {"src"}
    for file in walk(repository.folder):
        own |= {file.stem, *file.relative_to(repository.folder).parts[:-1]}
        if (
            file.name != "setup.py"
            and file.suffix in {".py", ".ipynb"}
            and file.stat().st_size < LARGEST
        ):
            found |= set(_imported(_code(file)))
    return sorted(found - own - sys.stdlib_module_names, key=str.casefold)


def _has_dependencies(file: Path) -> bool:
    """Tell files of conda's form from other YAML; the rest is known by its name."""
    if file.suffix in {".yml", ".yaml"}:
        return re.search(r"(?m)^dependencies:", beginning(file)) is not None
    return True


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
