"""The settings of tools, where the template's ``pyproject.toml`` is not added."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from conda_strata.adopt.repository import SETUPS, Repository, beginning

_PYTEST = """\
# So that tests find the code without an installation.
[pytest]
pythonpath = . src
"""
_TESTS = """\
[tool.pytest.ini_options]
pythonpath = [".", "src"]
"""


def complete(repository: Repository, made: Path) -> None:
    """Put the settings that the repository lacks into files of their own, in the project *made*."""
    pyproject = made / "pyproject.toml"
    if not repository.has("pyproject.toml", *SETUPS):
        if repository.tests():  # which may warn, and lie elsewhere
            text = pyproject.read_text("utf-8")
            pyproject.write_text(
                re.sub(r"(?ms)^\[tool\.pytest\.ini_options\]\n.*?\n(?=\n\[|\Z)", _TESTS, text),
                "utf-8",
            )
        return
    if not repository.has("pyproject.toml", "strata.toml"):
        (made / "strata.toml").write_text(_table("image", _image(pyproject)), "utf-8")
    if not _has_pytest(repository):
        (made / "pytest.ini").write_text(_PYTEST, "utf-8")


def advice(repository: Repository, made: Path) -> Iterator[str]:
    """Yield what a person has to add to a ``pyproject.toml`` that is there."""
    if repository.has("pyproject.toml") and not repository.backend():
        yield (
            "pyproject.toml: describes no package, and the workflow 'lock' installs one; "
            "add the tables [build-system] and [project]"
        )
    own = repository.tools.get("strata")
    has_image = isinstance(own, dict) and "image" in own
    if repository.has("pyproject.toml") and not has_image:
        lines = _table("tool.strata.image", _image(made / "pyproject.toml"))
        yield f"pyproject.toml: add the lines\n{lines.rstrip()}"


def _image(pyproject: Path) -> dict[str, str]:
    found: dict[str, Any] = tomllib.loads(pyproject.read_text("utf-8"))
    return {key: str(value) for key, value in found["tool"]["strata"]["image"].items()}


def _table(name: str, values: dict[str, str]) -> str:
    return "".join([f"[{name}]\n", *(f'{key} = "{value}"\n' for key, value in values.items())])


def _has_pytest(repository: Repository) -> bool:
    tables = {"tox.ini": "[pytest]", "setup.cfg": "[tool:pytest]"}
    return (
        "pytest" in repository.tools
        or repository.has("pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml") is not None
        or any(table in beginning(repository.folder / name) for name, table in tables.items())
    )
