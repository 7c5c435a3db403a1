"""One environment file of the corpus."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

TAKEN = "takes it"
REFUSED = "refuses it"
LEFT_OUT = "leaves the entry out"


@dataclass(frozen=True)
class Case:
    """An environment file, and what becomes of it.

    Attributes
    ----------
    title
        What is special about it.
    text
        Its content.
    conda
        What ``conda env create`` does.
    specs
        The dependencies that strata reads, and behind them those for pip; None where it refuses.
    said
        What strata says: the refusal, or a warning.
    why
        Why the two differ.
    files
        Further files beside it.
    """

    title: str
    text: str | bytes
    conda: str = TAKEN
    specs: tuple[str, ...] | None = None
    said: str = ""
    why: str = ""
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def strata(self) -> str:
        """What strata does, in a word."""
        return REFUSED if self.specs is None else TAKEN
