"""The template, generated into a folder of its own."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from conda_strata.adopt.repository import Repository
from conda_strata.core.errors import UsageError
from conda_strata.pypi.uv import uv_command

_COOKIECUTTER = "cookiecutter>=2.6,<3"
_JINJA = ("{{", "{%", "{#")
"""What cookiecutter would run in an answer, and the template's updates again later."""

_PYTHONS = ("3.11", "3.12", "3.13", "3.14")


def answers(repository: Repository) -> dict[str, str]:
    """Return the answers that the repository itself gives to the template's questions."""
    slug = repository.slug()
    author, email = repository.author()
    licence = repository.licence()
    found = {
        "project_name": repository.name(),
        "project_slug": slug,
        "package_name": repository.package(slug),
        "example": "no",
        "description": str(repository.project.get("description", "")),
        "author_name": author,
        "author_email": email,
        "github_owner": repository.remote()[0],
        "license": licence if licence and licence != "other" else "Proprietary",
        "python_version": repository.python() or "",
        "stack": "minimal",
    }
    if found["python_version"] not in _PYTHONS:
        found["python_version"] = ""
    return {key: value for key, value in found.items() if value}


def generate(template: str, checkout: str | None, given: Mapping[str, str], out: Path) -> Path:
    """Generate a project in *out*, and return its folder.

    Raises
    ------
    UsageError
        When the template refuses an answer, or cannot be read.
    """
    for key, value in given.items():
        if found := next((mark for mark in _JINJA if mark in value), None):
            raise UsageError(
                f"the answer to {key} holds {found!r}, which the template would run as code",
                f"Give another with --answer {key}=VALUE.",
            )
    program = (
        [sys.executable, "-P", "-m", "cookiecutter"]  # -P: no modules of the current folder
        if importlib.util.find_spec("cookiecutter")
        else uv_command("tool", "run", "--quiet", "--from", _COOKIECUTTER, "cookiecutter")
    )
    options = ["--no-input", "--default-config", f"--output-dir={out}"]
    options += [f"--checkout={checkout}"] if checkout else []
    done = subprocess.run(
        [*program, *options, template, *(f"{key}={value}" for key, value in given.items())],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    made = list(out.iterdir())
    if done.returncode or len(made) != 1:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines() or ["it said nothing"]
        # the last line of a traceback is the one that says what is wrong
        what = said[-1 if said[0].startswith("Traceback") else 0]
        raise UsageError(
            f"the template {template} made no project: {what}",
            "Give a better answer with --answer KEY=VALUE, or another --template.",
        )
    return made[0]
