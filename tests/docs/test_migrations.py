"""Each version says what an update asks for, and a page that says nothing is none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

HERE = Path(__file__).parents[2]
PAGES = sorted((HERE / "docs/migrations").glob("[0-9]*.md"))
INDEX = (HERE / "docs/migrations/index.md").read_text("utf-8")


def test_each_version_of_the_changelog_has_a_page() -> None:
    versions = re.findall(
        r"^## \[(\d+\.\d+\.\d+)\]", (HERE / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE
    )
    assert set(versions) <= {page.stem for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_is_listed_and_says_what_to_do(page: Path) -> None:
    text = page.read_text("utf-8")
    assert text.startswith(f"# To {page.stem}\n")
    assert re.search(r"^1\. \S", text, re.MULTILINE) or "Nothing is to be done" in text
    assert f"[{page.stem}]({page.name})" in INDEX
    assert re.search(rf"^{re.escape(page.stem)}$", INDEX, re.MULTILINE)
