"""The differences as GitHub's Markdown, for the text of a pull request.

Names, versions and URLs come from files that a pull request can change, so none of them may
become markup, a link or a mention.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from conda_strata.lock.changes import KINDS
from conda_strata.report.diff.comparison import Diff
from conda_strata.report.diff.rows import Row, Table, table
from conda_strata.report.diff.text import summary
from conda_strata.report.diff.warned import Notice, notices

LIMIT = 60_000
"""Characters at most. GitHub refuses more than 65,536 in one text; the rest is for the bot's own
words around it."""

_LONGEST = 200
"""Characters of one name, version or URL at most."""

_MOST = 40
"""Platforms, channels or environments that are listed at most."""

_PART = 3
"""Warnings take one part in so many of the text at most, as a hostile lock could have thousands."""

_PLAIN = re.compile(r"[A-Za-z0-9 .,:/_+!=~-]+")
_SAFE = frozenset(string.ascii_letters + string.digits)
_HEAD = "| package | before | after | change |\n| --- | --- | --- | --- |\n"


@dataclass(frozen=True)
class _Section:
    before: str
    rows: Sequence[str]
    after: str

    def render(self, room: int) -> str:
        """Return the section with as many rows as there is room for (in characters)."""
        kept = 0
        for row in self.rows:
            room -= len(row)
            if room < 0:
                break
            kept += 1
        left = len(self.rows) - kept
        note = f"\n{_more(left)}\n" if left else ""
        table_ = _HEAD + "".join(self.rows[:kept]) if kept else ""
        return f"{self.before}{table_}{note}{self.after}"

    @property
    def frame(self) -> int:
        """Characters that the section takes without any row."""
        return len(self.before) + len(_HEAD) + len(_more(len(self.rows))) + len(self.after) + 2

    @property
    def size(self) -> int:
        """Characters of all rows."""
        return sum(map(len, self.rows))


def render(diff: Diff, limit: int = LIMIT) -> str:
    """Return the text, in at most *limit* characters: tables are cut, which is said.

    The warnings, a line of numbers, a table of them by platform, what all platforms share, and each
    platform's own changes in a fold.
    """
    arranged = table(diff)
    parts = [_warnings(diff, limit // _PART)] if diff.warnings else []
    parts.append(f"**{summary(diff, arranged)}**\n")
    if arranged.counts and arranged.distinct:
        parts.append(_numbers(arranged))
    if listed := _general(diff):
        parts.append(listed)
    sections = _sections(arranged)
    room = limit - sum(len(part) + 1 for part in parts)
    room -= sum(section.frame + 1 for section in sections)
    shares = _shares([section.size for section in sections], room)
    parts += [s.render(share) for s, share in zip(sections, shares, strict=True)]
    return "\n".join(parts)


def _sections(arranged: Table) -> list[_Section]:
    sections = []
    if arranged.common:
        rows = [_row(row) for row in arranged.common]
        sections.append(_Section("#### All platforms\n\n", rows, ""))
    alone = not arranged.common and len(arranged.own) == 1
    for subdir, found in list(arranged.own.items())[:_MOST]:
        title, rows = _html(subdir), [_row(row) for row in found]
        number = f"{len(rows)} more" if arranged.common else f"{len(rows)}"
        fold = f"<details>\n<summary>{title}: {number}</summary>\n\n"
        if alone:
            sections.append(_Section(f"#### {title}\n\n", rows, ""))
        else:
            sections.append(_Section(fold, rows, "\n</details>\n"))
    return sections


def _shares(wanted: Sequence[int], room: int) -> list[int]:
    """Divide *room*: who wants less than an equal share leaves the rest to the others."""
    shares = [0] * len(wanted)
    left = max(room, 0)
    for count, index in enumerate(sorted(range(len(wanted)), key=lambda i: wanted[i])):
        shares[index] = min(wanted[index], left // (len(wanted) - count))
        left -= shares[index]
    return shares


def _numbers(arranged: Table) -> str:
    lines = [
        f"| platform | {' | '.join(KINDS)} |",
        f"| --- |{' ---: |' * len(KINDS)}",
        *(
            f"| {_code(subdir)} | {' | '.join(str(counts[kind] or '') for kind in KINDS)} |"
            for subdir, counts in list(arranged.counts.items())[:_MOST]
        ),
    ]
    return "\n".join(lines) + "\n"


def _warnings(diff: Diff, room: int) -> str:
    """Return the warnings as an alert of GitHub, in at most *room* characters."""
    lines = ["> [!WARNING]"]
    found = list(notices(diff))
    for count, one in enumerate(found):
        line = _warning(one)
        room -= len(line) + 1
        if room < 0:
            lines.append(f"> - {_more(len(found) - count)}")
            break
        lines.append(line)
    return "\n".join(lines) + "\n"


def _warning(one: Notice) -> str:
    if one.is_place:
        moved = f"{_code(one.before[0])} → {_code(one.after[0])}"
    else:
        gone = [f"without {_codes(one.before)}"] if one.before else []
        moved = "; ".join([*([f"now {_codes(one.after)}"] if one.after else []), *gone])
    return f"> - {one.what}: {_codes(one.packages)}: {moved} ({_codes(one.subdirs)})"


def _general(diff: Diff) -> str:
    lines = [
        f"- {what}: {_codes(before)} → {_codes(after)}"
        for what, (before, after) in (("channels", diff.channels), ("indexes", diff.indexes))
        if before != after
    ]
    for label, names in (
        ("new platforms", diff.platforms.added),
        ("platforms gone", diff.platforms.removed),
        ("new environments", diff.environments.added),
        ("environments gone", diff.environments.removed),
        ("new, built from source by pixi", diff.sources.added),
        ("gone, built from source by pixi", diff.sources.removed),
    ):
        if names:
            lines.append(f"- {label}: {_codes(names)}")
    lines += [
        f"- {_code(subdir)} is assumed to have {_codes(now)} (before: {_codes(was)})"
        for subdir, (was, now) in list(diff.virtual_packages.items())[:_MOST]
    ]
    return "\n".join(lines) + "\n" if lines else ""


def _row(row: Row) -> str:
    notes = ["pip"] * row.is_pip + [_code(name) for name in row.environments[:_MOST]]
    package = _code(row.name) + (f" ({', '.join(notes)})" if notes else "")
    return f"| {package} | {_code(row.before)} | {_code(row.after)} | {row.kind} |\n"


def _codes(names: Iterable[str]) -> str:
    found = list(names)
    more = [_more(len(found) - _MOST)] if len(found) > _MOST else []
    return ", ".join([_code(name) for name in found[:_MOST]] + more) or "none"


def _code(text: str) -> str:
    """Return *text* as code."""
    if not text:
        return ""
    return f"`{text}`" if _is_plain(text) else _html(text)


def _html(text: str) -> str:
    """Return *text* as code in HTML; what is not plain stands as numbers, never as markup."""
    if _is_plain(text):
        return f"<code>{text}</code>"
    cut = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return f"<code>{''.join(c if c in _SAFE else f'&#{ord(c)};' for c in cut)}</code>"


def _is_plain(text: str) -> bool:
    return len(text) <= _LONGEST and bool(_PLAIN.fullmatch(text))


def _more(count: int) -> str:
    return f"… and {count} more"
