"""The differences as plain text, for a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from conda_strata.report.diff.comparison import Diff
from conda_strata.report.diff.rows import Row, Table, table
from conda_strata.report.diff.warned import notices

_NAME_WIDTH = 20
"""Longer names push their versions to the right rather than everybody's."""


def render(diff: Diff) -> list[str]:
    """Return the lines, the summary last."""
    arranged = table(diff)
    return [
        *_warnings(diff),
        *_general(diff, arranged),
        *_sections(diff, arranged),
        summary(diff, arranged),
    ]


def summary(diff: Diff, arranged: Table) -> str:
    """Say in one line how much has changed."""
    if diff.is_empty:
        return "no differences"
    total = arranged.distinct.total()
    if not total:
        return "no package changed"
    changes = "1 change" if total == 1 else f"{total} changes"
    kinds = ", ".join(f"{number} {kind}" for kind, number in arranged.distinct.items())
    return f"{changes}: {kinds}"


def _warnings(diff: Diff) -> Iterator[str]:
    for one in notices(diff):
        names, where = ", ".join(one.packages), ", ".join(one.subdirs)
        if one.is_place:
            moved = f"{one.before[0]} → {one.after[0]}"
        else:
            gone = [f"without {', '.join(one.before)}"] if one.before else []
            moved = "; ".join([*([f"now {', '.join(one.after)}"] if one.after else []), *gone])
        yield f"warning: {one.what}: {names}: {moved} ({where})"


def _general(diff: Diff, arranged: Table) -> Iterator[str]:
    """Say what differs apart from packages."""
    for what, (before, after) in (("channels", diff.channels), ("indexes", diff.indexes)):
        if before != after:
            yield f"{what}: {', '.join(before) or 'none'} → {', '.join(after) or 'none'}"
    for name in diff.sources.added:
        yield f"new, built from source by pixi: {name}"
    for name in diff.sources.removed:
        yield f"gone, built from source by pixi: {name}"
    for subdir in diff.platforms.added:
        yield f"new platform: {subdir} ({arranged.counts[subdir]['added']} packages)"
    for subdir in diff.platforms.removed:
        yield f"platform gone: {subdir} ({arranged.counts[subdir]['removed']} packages)"
    for name in diff.environments.added:
        yield f"new environment: {name}"
    for name in diff.environments.removed:
        yield f"environment gone: {name}"
    for subdir, (was, now) in diff.virtual_packages.items():
        yield f"{subdir} is assumed to have: {', '.join(now)} (before: {', '.join(was)})"


def _sections(diff: Diff, arranged: Table) -> Iterator[str]:
    if arranged.common:
        yield "all platforms:"
        yield from _lines(arranged.common)
    for subdir, rows in arranged.own.items():
        if diff.platforms.kept and subdir not in diff.platforms.kept:
            continue
        yield f"{subdir}:"
        yield from _lines(rows)


def _lines(rows: Sequence[Row]) -> Iterator[str]:
    width = min(_NAME_WIDTH, max(len(row.name) for row in rows))
    for row in rows:
        notes = ["pip"] * row.is_pip + list(row.environments)
        note = f"  ({', '.join(notes)})" if notes else ""
        yield f"  {row.kind:<10} {row.name:<{width}} {_moved(row)}{note}"


def _moved(row: Row) -> str:
    version, _, before = row.before.partition(" ")
    after = row.after.partition(" ")[2]
    if row.kind == "rebuilt":
        return f"{version} ({before} → {after})" if before or after else version
    return " → ".join(filter(None, (row.before, row.after)))
