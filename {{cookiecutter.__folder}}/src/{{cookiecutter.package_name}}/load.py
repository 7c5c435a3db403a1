"""Read the table of measurements."""

from pathlib import Path

import pandas as pd

from .validate import InvalidDataError


def load(path: Path) -> pd.DataFrame:
    """Return the table in *path*, one row for each penguin.

    Raises
    ------
    InvalidDataError
        When the file is not a table.
    """
    try:
        return pd.read_csv(path)
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise InvalidDataError([f"not a table of comma-separated values: {error}"]) from error
