"""What names a release in the repository's files, and who is brought to the new one."""

from __future__ import annotations

import datetime
import json
import re
from pathlib import Path

from release import git

TEMPLATE = "cookiecutter.json"
_REQUIREMENT = re.compile(r'(?m)^(  "__strata": )("(?:[^"\\]|\\.)*")')
_PIN = re.compile(r'(  "_pin": ")[0-9a-f]{40} # [^"]+')
_CALL = re.compile(r"(leej3/ds-cookiecutter/\.github/\S+@)[0-9a-f]{40} # \S+")
_INSTALLED = re.compile(
    r"conda-strata(?:==[\w.]+| @ https://github\.com/leej3/ds-cookiecutter/archive/[\w./-]+\.zip)"
)


def requirement(folder: Path) -> str:
    """Return what generated projects install, which only ``cookiecutter.json`` says."""
    answers = json.loads((folder / TEMPLATE).read_text("utf-8"))
    found: str = answers["__strata"]
    return found.replace("{{ cookiecutter._pin.split()[0] }}", answers["_pin"].split()[0])


def installed(folder: Path) -> dict[str, set[str]]:
    """Return what each page tells people to install, for the pages that do."""
    found = {
        name: set(_INSTALLED.findall((folder / name).read_text("utf-8"))) for name in _pages(folder)
    }
    return {name: texts for name, texts in found.items() if texts}


def name_the_commit(folder: Path, commit: str) -> list[str]:
    """Let generated projects use what is in *commit*, and the documentation say so.

    Returns
    -------
        The files that changed.
    """
    changed = [TEMPLATE] if _edit(folder / TEMPLATE, _PIN, rf"\g<1>{commit} # unreleased") else []
    return [*changed, *_update_pages(folder)]


def name_the_tool(folder: Path, version: str) -> list[str]:
    """Let generated projects install *version*, and the documentation say so.

    Returns
    -------
        The files that changed.
    """
    _edit(folder / TEMPLATE, _REQUIREMENT, rf'\g<1>"conda-strata=={version}"')
    return [TEMPLATE, *_update_pages(folder)]


def name_the_citation(folder: Path, version: str, day: datetime.date) -> list[str]:
    """Let ``CITATION.cff`` name the version, if there is one."""
    file = folder / "CITATION.cff"
    if not file.exists():
        return []
    text = re.sub(r"(?m)^(version|date-released): .*\n", "", file.read_text("utf-8"))
    file.write_text(f'{text}version: "{version}"\ndate-released: "{day}"\n', "utf-8")
    return [file.name]


def name_the_workflows(folder: Path, version: str, commit: str) -> list[str]:
    """Let generated projects, and the called workflows, call what is in *commit*.

    The commit of a release is known only after it, so this is a commit of its own.
    """
    new = rf"\g<1>{commit} # v{version}"
    calls = git.files(folder, ".github/*.yml")
    changed = [name for name in calls if _edit(folder / name, _CALL, new)]
    return [*changed, TEMPLATE] if _edit(folder / TEMPLATE, _PIN, new) else changed


def _pages(folder: Path) -> list[str]:
    return ["README.md", *git.files(folder, "docs/*.md")]


def _update_pages(folder: Path) -> list[str]:
    new = requirement(folder)
    return [name for name in _pages(folder) if _edit(folder / name, _INSTALLED, new)]


def _edit(file: Path, pattern: re.Pattern[str], new: str) -> bool:
    """Replace what matches, and tell whether the file changed."""
    text = file.read_text("utf-8")
    edited = pattern.sub(new, text)
    if edited != text:
        file.write_text(edited, "utf-8")
    return edited != text
