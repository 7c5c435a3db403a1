"""Check that the table is what the other steps take for granted."""

from collections.abc import Iterator

import pandas as pd

CATEGORIES = {
    "species": ("Adelie", "Chinstrap", "Gentoo"),
    "island": ("Biscoe", "Dream", "Torgersen"),
    "sex": ("female", "male"),
}
RANGES = {
    "bill_length_mm": (20, 80),
    "bill_depth_mm": (5, 40),
    "flipper_length_mm": (100, 300),
    "body_mass_g": (1000, 10000),
    "year": (2007, 2009),
}
REQUIRED = ("species", "island", "year")


class InvalidDataError(ValueError):
    """The data break the rules; *problems* has a sentence for each rule."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def validate(table: pd.DataFrame) -> pd.DataFrame:
    """Return *table* as it is.

    Raises
    ------
    InvalidDataError
        When it breaks a rule; rows are counted as lines of the file, whose header is row 1.
    """
    if found := list(problems(table)):
        raise InvalidDataError(found)
    return table


def problems(table: pd.DataFrame) -> Iterator[str]:
    """Yield a sentence for each rule that *table* breaks."""
    missing = [name for name in (*CATEGORIES, *RANGES) if name not in table]
    if missing:
        yield f"missing columns: {', '.join(missing)}"
        return
    if table.empty:
        yield "no rows"
    for name in REQUIRED:
        yield from _complain(table[name].isna(), f"{name} is missing")
    for name, allowed in CATEGORIES.items():
        wrong = table[name].notna() & ~table[name].isin(allowed)
        yield from _complain(wrong, f"{name} is none of {', '.join(allowed)}")
    for name, (low, high) in RANGES.items():
        number = pd.to_numeric(table[name], errors="coerce")
        wrong = table[name].notna() & ~number.between(low, high)
        yield from _complain(wrong, f"{name} is no number from {low} to {high}")


def _complain(wrong: pd.Series, sentence: str) -> Iterator[str]:
    rows = [str(position + 2) for position, bad in enumerate(wrong) if bad]
    if rows:
        more = f" and {len(rows) - 10} more" if len(rows) > 10 else ""
        yield f"{sentence}: row {', '.join(rows[:10])}{more}"
