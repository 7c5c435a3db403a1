"""The cool-down: younger packages are left out, because most malicious ones are found soon.

What can be written is what uv and pixi take for ``exclude-newer``: a time span (``7d``,
``2 weeks``), a date, or a date and time (RFC 3339).
"""

from __future__ import annotations

import datetime
import re

from conda_strata.core.errors import UsageError

_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


def newest(text: str, now: datetime.datetime) -> datetime.datetime:
    """Return the cut-off, in UTC: packages uploaded later are too new.

    A date stands for its end, in UTC. A time span is counted back from *now*.

    Raises
    ------
    UsageError
        When *text* is neither.
    """
    span = re.fullmatch(r"(\d{1,4})\s*(h|d|w)(?:ours?|ays?|eeks?)?", text.strip())
    if span:
        back = datetime.timedelta(**{_UNITS[span[2]]: int(span[1])})
        return now.astimezone(datetime.UTC) - back
    try:
        cutoff = datetime.datetime.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(
            f"{text!r} is neither a time span nor a date",
            "Write exclude-newer like '7d', '2 weeks', '2026-01-31' or '2026-01-31T12:00:00Z'.",
        ) from None
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text.strip()):
        cutoff += datetime.timedelta(days=1, microseconds=-1)
    if cutoff.tzinfo is None:
        cutoff = cutoff.replace(tzinfo=datetime.UTC)
    return cutoff.astimezone(datetime.UTC)
