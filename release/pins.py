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
_UNRELEASED = "conda-strata @ https://github.com/leej3/ds-cookiecutter/archive/refs/heads/main.zip"
"""What the pages install before the first release."""


def requirement(folder: Path) -> str:
    """Return what generated projects install, which only ``cookiecutter.json`` says."""
    found: str = json.loads((folder / TEMPLATE).read_text("utf-8"))["__strata"]
    return found


def name_the_tool(folder: Path, version: str) -> list[str]:
    """Let generated projects install *version*, and the documentation say so.

    Returns
    -------
        The files that changed.
    """
    old, new = requirement(folder), f"conda-strata=={version}"
    pages = ["README.md", *git.files(folder, "docs/*.md")]
    changed = {
        name for text in (old, _UNRELEASED) for name in pages if _replace(folder / name, text, new)
    }
    template = folder / TEMPLATE
    text = template.read_text("utf-8")
    template.write_text(_REQUIREMENT.sub(rf'\1"{new}"', text, count=1), "utf-8")
    return [TEMPLATE, *sorted(changed)]


def name_the_citation(folder: Path, version: str, day: datetime.date) -> list[str]:
    """Let ``CITATION.cff`` name the version, if there is one."""
    file = folder / "CITATION.cff"
    if not file.exists():
        return []
    text = re.sub(r"(?m)^version: .*$", f'version: "{version}"', file.read_text("utf-8"))
    text = re.sub(r"(?m)^date-released: .*$", f'date-released: "{day}"', text)
    file.write_text(text, "utf-8")
    return [file.name]


def name_the_workflows(folder: Path, version: str, commit: str) -> list[str]:
    """Let generated projects, and the called workflows, call what is in *commit*.

    The commit of a release is known only after it, so this is a commit of its own.
    """
    changed = []
    for name in (TEMPLATE, *git.files(folder, ".github/*.yml")):
        file = folder / name
        text = file.read_text("utf-8")
        new = _CALL.sub(rf"\g<1>{commit} # v{version}", text)
        new = _PIN.sub(rf"\g<1>{commit} # v{version}", new)
        if new != text:
            file.write_text(new, "utf-8")
            changed.append(name)
    return changed


def _replace(file: Path, old: str, new: str) -> bool:
    text = file.read_text("utf-8")
    file.write_text(text.replace(old, new), "utf-8")
    return old in text
