"""The corpus as a table of the documentation; ``python -m tests.corpus.table`` writes it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.corpus.case import Case
from tests.corpus.refused import REFUSED_FILES
from tests.corpus.taken import TAKEN_FILES
from tests.corpus.whole import WHOLE_FILES

PAGE = Path(__file__).parents[2] / "docs/reference/environment-files.md"
START, END = "<!-- corpus -->", "<!-- end of corpus -->"
CASES: Sequence[Case] = (*TAKEN_FILES, *WHOLE_FILES, *REFUSED_FILES)


def text() -> str:
    """Return the table."""
    lines = ["| the file has | conda | strata | why they differ |", "| --- | --- | --- | --- |"]
    lines += [
        "| " + " | ".join(cell.replace("|", "\\|") for cell in _cells(case)) + " |"
        for case in CASES
    ]
    return "\n".join(lines)


def with_table(page: str) -> str:
    """Return *page* with the table between its markers."""
    before, _, rest = page.partition(START)
    return f"{before}{START}\n\n{text()}\n\n{END}{rest.partition(END)[2]}"


def _cells(case: Case) -> tuple[str, str, str, str]:
    said = f": {case.said}" if case.said else ""
    return case.title, case.conda, f"{case.strata}{said}", case.why


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text("utf-8")), "utf-8")
