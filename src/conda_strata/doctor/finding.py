"""What a check of the doctor says."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum

from conda_strata.core.errors import StrataError


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Attributes
    ----------
    check
        What was looked at: a word or two.
    level
        A problem keeps ``strata`` from working here; a warning does not.
    what
        What was found.
    fix
        What to do about it; empty where nothing is to be done.
    """

    check: str
    level: Level
    what: str
    fix: str = ""

    def as_dict(self) -> dict[str, str]:
        """Return the finding for JSON."""
        return asdict(self)


def ok(check: str, what: str) -> Finding:
    """Return a finding that all is well."""
    return Finding(check, Level.OK, what)


def warning(check: str, what: str, fix: str) -> Finding:
    """Return a finding of something that could be better."""
    return Finding(check, Level.WARNING, what, fix)


def problem(check: str, what: str, fix: str) -> Finding:
    """Return a finding of something that does not work."""
    return Finding(check, Level.PROBLEM, what, fix)


def of_error(check: str, error: StrataError) -> Finding:
    """Return the finding that an error, raised by what other commands do too, amounts to."""
    return problem(check, error.what, error.fix)
