"""The pages on data larger than memory: what they quote is in the scripts, what scripts need is added."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest
import yaml

from tests.template.conftest import TEMPLATE, bake

PAGES = {
    "tables": ("tabular", "readings"),
    "arrays": ("geospatial", "field"),
}
PACKAGE = {"duckdb": "python-duckdb", "numpy": "pandas"}
"""The package that brings a module, where it has another name or comes with another one."""


def _page(name: str) -> str:
    return (TEMPLATE / f"docs/how-to/{name}-larger-than-memory.md").read_text("utf-8")


def _script(name: str) -> str:
    return (TEMPLATE / f"docs/examples/{name}.py").read_text("utf-8")


def _imports(text: str) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(str(node.module).split(".")[0])
    return found - set(sys.stdlib_module_names)


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_quotes_is_in_its_script(page: str) -> None:
    quoted = re.findall(r"```python\n(.*?)```", _page(page), re.DOTALL)
    script = _script(PAGES[page][1])

    assert len(quoted) > 2
    assert [block for block in quoted if block not in script] == []


@pytest.mark.parametrize("page", PAGES)
def test_the_stack_and_what_the_page_adds_are_enough(page: str, tmp_path: Path) -> None:
    stack, script = PAGES[page]
    project = bake(tmp_path, stack=stack)
    environment = yaml.safe_load((project / "environment.yml").read_text("utf-8"))
    here = _page(page).split("## From the cloud", maxsplit=1)[0]
    there = {package.split()[0] for package in environment["dependencies"]}
    there |= set(re.findall(r"(?m)^\$ strata add (\S+)$", here))

    needed = _imports(_script(script)) | _imports(_script(f"make_{script}"))
    assert {PACKAGE.get(module, module) for module in needed} - there == set()
