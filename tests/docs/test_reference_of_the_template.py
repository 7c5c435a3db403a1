"""Every question and every generated file has its row in the reference."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs import questions
from tests.template.conftest import QUESTIONS, bake, files, variants

FILES = questions.PAGE.parent / "generated-files.md"
NOT_FROM_THE_START = {"strata.lock", ".cruft.json"}


def _rows(page: str) -> list[str]:
    """Return the code in the first cell of each row."""
    return re.findall(r"(?m)^\| `([^`]+)` \|", page)


def test_page_of_questions_is_current() -> None:
    assert questions.PAGE.read_text("utf-8") == questions.page(), "run 'nox -s docs'"


def test_every_question_and_choice_is_on_its_page() -> None:
    text = questions.PAGE.read_text("utf-8")
    asked = [name for name in QUESTIONS if not name.startswith("_")]
    table, choices = text.split("## Choices")

    assert _rows(table) == asked
    for name in asked:
        if isinstance(QUESTIONS[name], list):
            assert re.findall(rf"(?m)^\| `{name}` \| `([^`]+)`", choices) == QUESTIONS[name]
        elif "{" not in QUESTIONS[name]:
            assert f"| `{QUESTIONS[name]}` |" in table


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Return the files that any choice makes; PACKAGE is the name of the Python package."""
    found: set[str] = set()
    each_choice_once = [*list(variants())[::6], {"accelerator": "cuda"}]
    for answers in each_choice_once:
        folder = bake(tmp_path_factory.mktemp("variant"), **answers)
        found |= {name.replace("penguin_study", "PACKAGE") for name in files(folder)}
    return found


def test_every_generated_file_is_on_its_page(generated: set[str]) -> None:
    rows = _rows(FILES.read_text("utf-8"))

    assert len(rows) == len(set(rows)), "a file has two rows"
    assert generated - set(rows) == set(), "files without a row: say why they are there"
    assert set(rows) - generated - NOT_FROM_THE_START == set(), "rows without a file"


def test_every_row_says_why() -> None:
    for row in re.findall(r"(?m)^\| `.*$", FILES.read_text("utf-8")):
        assert len(Path(row.split("|")[2].strip()).name) > 10, row
