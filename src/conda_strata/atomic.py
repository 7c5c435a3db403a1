"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from conda_strata.errors import StrataError


def write(path: Path, text: str) -> None:
    """Write *text* to *path*, in the place of what was there; on any failure that stays.

    Raises
    ------
    StrataError
        When it cannot be written.
    """
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".strata-") as folder:
            partial = Path(folder) / path.name
            partial.write_text(text, "utf-8")
            with partial.open("rb") as handle:
                os.fsync(handle.fileno())
            partial.replace(path)
    except OSError as error:
        raise StrataError(
            f"{path} cannot be written: {error.strerror}", "Mend the cause and repeat."
        ) from error
