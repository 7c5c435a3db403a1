"""Environment files of what Python projects have: requirements files and ``pyproject.toml``.

Those files stay where dependencies are written: the ``pip:`` list names them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from conda_strata.convert.draft import Drafts
from conda_strata.convert.tables import Table, table, text, texts
from conda_strata.core.errors import ManifestError
from conda_strata.spec import limited_text
from conda_strata.spec.manifest import DEFAULT

_DEV = "dev"
_PLACES = {"sources", "envs", "index", "source"}


def add_requirements(drafts: Drafts) -> None:
    """Name the requirements file, and those called ``requirements-NAME.txt`` beside it."""
    file = drafts.source
    add_python(drafts)
    drafts.pip(DEFAULT, file.name, f"-r {file.name}")
    for other in sorted(file.parent.glob(f"{file.stem}-*{file.suffix}")):
        drafts.pip(other.stem.removeprefix(f"{file.stem}-"), other.name, f"-r {other.name}")


def add_project(drafts: Drafts, content: Table) -> None:
    """Name the project itself, whose requirements are read with it, and copy its groups."""
    project = table(content, "project")
    drafts.name = drafts.name or text(project, "name")
    add_python(drafts, text(project, "requires-python"))
    if "dependencies" in texts(project, "dynamic"):
        drafts.left.append(
            "its dependencies are dynamic, so that only a build tells them: list them in environment.yml"
        )
    elif texts(project, "dependencies"):
        drafts.pip(DEFAULT, "the project", "-e .")
    groups = table(content, "dependency-groups")
    _add_extras(drafts, table(project, "optional-dependencies"), groups)
    for name in groups:
        for line in _group(groups, name, drafts):
            drafts.pip(name, f"the group {name!r}", line)
    tools = table(content, "tool")
    if "poetry" in tools and not project.get("dependencies"):
        drafts.left.append(
            "[tool.poetry]: 'poetry export -o requirements.txt' writes a file that can be converted"
        )
    for tool in ("uv", "pdm", "hatch"):
        if _PLACES & table(tools, tool).keys():
            drafts.left.append(f"[tool.{tool}]: its indexes, sources and environments are not read")


def _add_extras(drafts: Drafts, extras: Table, groups: Table) -> None:
    """Add the extra ``dev``, which many projects have for their own development, and name others."""
    for name in extras:
        if name == _DEV and name not in groups:
            drafts.pip(_DEV, "the project", f"-e .[{_DEV}]")
        else:
            drafts.left.append(
                f"the extra {name!r}: where it is needed, write '-e .[{name}]' in place of '-e .'"
            )


def add_python(drafts: Drafts, required: str = "") -> None:
    """Add Python in the version that the project pins (``.python-version``) or requires."""
    if drafts.has("python"):
        return
    pinned = drafts.source.parent / ".python-version"
    try:
        found = re.match(r"3\.\d+(?:\.\d+)?$", limited_text.read(pinned).strip())
    except ManifestError:
        found = None
    version = f"={found[0]}" if found else re.sub(r"\s+", "", required)
    if version:
        before = len(drafts.left)
        drafts.conda(DEFAULT, f"requires-python {required!r}", f"python {version}")
        if len(drafts.left) == before:
            return
    drafts.conda(DEFAULT, "python", "python")


def _group(groups: Table, name: str, drafts: Drafts) -> Iterator[str]:
    """Yield the requirements of a dependency group (PEP 735), with those of the ones it includes.

    Each group is looked at once, however often it is included.
    """
    seen = {name}
    open_groups = [_entries(groups, name)]
    while open_groups:
        entry = next(open_groups[-1], None)
        if entry is None:
            open_groups.pop()
        elif isinstance(entry, str):
            yield entry
        elif isinstance(included := table({"entry": entry}, "entry").get("include-group"), str):
            if included not in groups:
                drafts.left.append(f"the group {name!r} includes {included!r}, which is not there")
            elif included not in seen:
                seen.add(included)
                open_groups.append(_entries(groups, included))


def _entries(groups: Table, name: str) -> Iterator[object]:
    entries = groups.get(name)
    return iter(entries if isinstance(entries, list) else ())
