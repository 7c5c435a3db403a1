"""The dependencies of a repository without environment file, written into the template's."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from conda_strata.adopt import elsewhere
from conda_strata.adopt.repository import ENVIRONMENTS, Repository, beginning

_BUILD = re.compile(r"[\w.-]+ ?={1,2}[^=\s]+[= ][^=\s*]+")
"""A package, its version and its build, which is no pattern."""

_PACKAGES = {"matplotlib": "matplotlib-base", "sklearn": "scikit-learn"}
"""What is imported, to the template's package that has it, where their names differ."""


def write(repository: Repository, file: Path, added: Sequence[str]) -> Iterator[str]:
    """Put the requirements into *file*, if it is added; yield what is left to a person.

    They stay wheels, in the ``pip:`` list: their names on conda-forge may be others.
    """
    if file.name not in added:
        yield from _own_file(repository)
        return
    found = repository.requirements()
    for name in elsewhere.unread(repository):
        whose = "the dependencies of its files" if name.endswith("/") else "its dependencies"
        yield f"{name}: {whose} were not read; {elsewhere.how(name)}"
    if found.plain:
        text = file.read_text("utf-8")
        head, _, packages = text.partition("dependencies:\n")
        python = re.findall(r"(?m)^  - python =.*\n", packages)
        lines = "".join(f"      - {_scalar(line)}\n" for line in found.plain)
        file.write_text(
            f"{head}dependencies:\n{''.join(python)}  - pip\n  - pip:\n{lines}", "utf-8"
        )
        yield (
            f"environment.yml: has {_counted(found.plain)} as wheels; move those that conda-forge "
            "has up, out of the pip: list"
        )
    elif imported := _beyond(file, elsewhere.imports(repository)):
        yield (
            f"environment.yml: has the template's packages; your code imports {', '.join(imported)}, "
            "so add what is missing"
        )
    if found.other:
        yield f"environment.yml: was not given these requirements: {', '.join(found.other)}"


def write_backend(repository: Repository, file: Path) -> None:
    """Put what builds the repository's package into *file*, in place of the template's backend.

    The package is installed without the isolation of builds, as a project's is.
    """
    lines = sorted({line for text in repository.backend() if (line := _conda(text))})
    if lines:
        text = file.read_text("utf-8")
        new = "".join(f"  - {_scalar(line)}\n" for line in lines)
        file.write_text(text.replace("  - hatchling\n", new), "utf-8")


def _conda(text: str) -> str | None:
    """Return a requirement as conda writes it, or None if it is of some platforms, or an address."""
    try:
        wanted = Requirement(text)
    except InvalidRequirement:
        return None
    if wanted.marker or wanted.url:
        return None
    return f"{canonicalize_name(wanted.name)} {wanted.specifier}".strip()


def _beyond(file: Path, imported: Sequence[str]) -> list[str]:
    """Return what is imported and no package of the template's environments is called."""
    text = "".join(one.read_text("utf-8") for one in file.parent.glob("environment*.yml"))
    there = set(re.findall(r"(?m)^  - ([\w-]+)", text))
    return [name for name in imported if _PACKAGES.get(name, name) not in there]


def _own_file(repository: Repository) -> Iterator[str]:
    """Yield what a person should know of an environment file that is theirs."""
    name = repository.has(*ENVIRONMENTS)
    if error := repository.unreadable():
        yield f"{name}: cannot be read: {error.what}; {error.fix}"
    elif name and _is_unnamed(repository, name):
        yield (
            f"requirements.txt: was not read, as there is {name}; where that lacks something, "
            "add '- -r requirements.txt' to its pip: list"
        )
    if name and any(_BUILD.fullmatch(spec) for spec in repository.conda_specs()):
        yield f"{name}: names builds of one platform; 'strata loosen' shows it without them"


def _is_unnamed(repository: Repository, environment: str) -> bool:
    """Tell whether there are requirements that the environment file does not name."""
    text = beginning(repository.folder / environment)
    return "requirements.txt" not in text and bool(repository.requirements().plain)


def _counted(lines: Sequence[str]) -> str:
    return "1 requirement" if len(lines) == 1 else f"{len(lines)} requirements"


def _scalar(line: str) -> str:
    return line if re.fullmatch(r"[\w.\[\],<>=~! -]+", line) else json.dumps(line)
