"""Several refusals told at once, so that a file is put right in one go and not line by line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from conda_strata.core.errors import ManifestError, StrataError

MOST = 20
"""Refusals that are told at most."""


class Refusals:
    """What was refused so far; reading goes on behind each."""

    def __init__(self) -> None:
        self.found: list[ManifestError] = []

    @contextmanager
    def collected(self) -> Iterator[None]:
        """Keep a refusal instead of stopping at it."""
        try:
            yield
        except ManifestError as error:
            self.found.append(error)

    def raise_all(self) -> None:
        """Raise what was refused, if anything was, as one error.

        Raises
        ------
        ManifestError
            With each refusal and its fix.
        """
        if self.found:
            raise together(_by_line(self.found))


def _by_line(errors: Sequence[ManifestError]) -> list[ManifestError]:
    """Return *errors* in the order of the lines that they name, file after file."""
    files: dict[str, int] = {}

    def place(error: ManifestError) -> tuple[int, int]:
        found = re.match(r"(.+?):(\d+): ", error.what)
        file, line = (found[1], int(found[2])) if found else ("", 0)
        return files.setdefault(file, len(files)), line

    return sorted(errors, key=place)


def together(errors: Sequence[StrataError]) -> StrataError:
    """Return one error, of the kind of the first, that tells each of *errors* and its fix once."""
    texts = list(dict.fromkeys((error.what, error.fix) for error in errors))
    if len(texts) > MOST:
        texts = [*texts[: MOST - 1], (f"and {len(texts) - MOST + 1} more", "")]
    *others, (what, fix) = texts
    lines = [f"{one}\n  {its_fix}" if its_fix else one for one, its_fix in others]
    return type(errors[0])("\n".join([*lines, what]), fix)
