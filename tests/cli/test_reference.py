"""The reference pages say what the commands' help says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from conda_strata.cli import main as cli
from docs import reference_pages
from tests.conftest import Strata

PAGES = reference_pages.pages()


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.stem)
def test_page_is_current(file: Path) -> None:
    assert file.exists(), "run 'nox -s docs'"
    assert file.read_text("utf-8") == PAGES[file], "run 'nox -s docs'"


@pytest.mark.parametrize("name", cli.commands())
def test_every_option_of_the_help_is_on_the_page(strata: Strata, name: str) -> None:
    helped = strata(*name.split(), "--help", COLUMNS="200", NO_COLOR="1").stdout
    options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", helped)) - {"--help"}
    page = PAGES[reference_pages.page_of(name)]
    example = cli.commands()[name].EXAMPLE
    assert {o for o in options if f"`{o}`" not in page and o not in example} == set()


def test_notes_written_by_hand_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference_pages, "FOLDER", tmp_path)
    reference_pages.main()
    page = tmp_path / "strata-lock.md"
    text = page.read_text("utf-8")
    page.write_text(text.replace("<!-- notes -->\n", "<!-- notes -->\nMind the gap.\n"), "utf-8")
    own = tmp_path / "environment-files.md"
    own.write_text("by hand\n")
    reference_pages.main()
    assert "Mind the gap.\n<!-- end of notes -->" in page.read_text("utf-8")
    assert own.read_text() == "by hand\n"
