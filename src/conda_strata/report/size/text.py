"""The size of an environment as people read it: plain text, GitHub's Markdown, a line for the limit.

Names and versions come from files that a pull request can change, so none of them may steer a
terminal or become markup, a link or a mention.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterable, Iterator, Sequence

from conda_strata.core.text import megabytes
from conda_strata.report.size.measure import Change, Package, Report, Size

_NAME_WIDTH = 28
"""Longer names push what follows to the right rather than everybody's."""

_LONGEST = 200
"""Characters of one name or version at most."""

_MOST = 40
"""Names in a row at most."""

_BLAMED = 3
"""Packages that the message about the limit names."""

_PLAIN = re.compile(r"[A-Za-z0-9 .,:/_+!=~<>*-]+")
_SAFE = frozenset(string.ascii_letters + string.digits)

_Row = tuple[str, str, str, str, str]
"""Bytes, share or kind of change, name, version, and why the package is there."""

_Mark = Callable[[str], str]
"""Makes a name or a version harmless where it is shown."""


def text(report: Report, top: int, width: int) -> list[str]:
    """Return lines for a terminal; reasons that do not fit into *width* columns are cut."""
    size, against = report.size, report.against
    total, *rest = _facts(report, _printable)
    lines = [f"{_count(size)}, {amount(size.bytes)} {total}", *rest]
    if against and against.changes:
        rows = _changed_rows(against.changes, top, _printable)
        lines += ["", "changed:", *_columns(rows, width)]
    if size.packages:
        lines += ["", "biggest:", *_columns(_biggest_rows(size, top, _printable), width)]
    if notes := list(_notes(report, _printable)):
        lines += ["", *(_cut(note, width) for note in notes)]
    return lines


def markdown(report: Report, top: int) -> str:
    """Return a heading, a sentence and tables, for GitHub's job summary."""
    size, against = report.size, report.against
    *facts, last = _facts(report, _code)
    facts.append(f"**{last}**" if report.excess > 0 else last)
    parts = [
        f"### Size of the environment: {amount(size.bytes)}",
        f"{_count(size)} {', '.join(facts)}.",
    ]
    if against and against.changes:
        parts.append(_table(("growth", "change"), _changed_rows(against.changes, top, _code)))
    if size.packages:
        parts.append(_table(("size", "share"), _biggest_rows(size, top, _code)))
    return "\n\n".join(
        [*parts, *(f"{note[0].upper()}{note[1:]}." for note in _notes(report, _code))]
    )


def blame(report: Report) -> str:
    """Say in one line how far the size is above the limit, and name the biggest packages."""
    limit, against = report.limit.text if report.limit else "", report.against
    grown = [change for change in against.changes if change.bytes > 0] if against else []
    if against and grown:
        label = f"grown most since {against.name}"
        named = [f"{change.name} ({_signed(change.bytes)})" for change in grown[:_BLAMED]]
    else:
        label = "biggest"
        named = [f"{p.name} ({amount(p.bytes)})" for p in report.size.packages[:_BLAMED]]
    return _printable(
        f"{report.environment} on {report.subdir} is {amount(report.size.bytes)}, "
        f"{amount(report.excess)} above the limit of {limit}; {label}: {', '.join(named)}"
    )


def amount(count: int) -> str:
    """Return a number of bytes for people, in the unit that leaves something to see."""
    if abs(count) >= 10**6:
        return megabytes(count)
    return f"{count / 1000:.1f} kB" if abs(count) >= 1000 else f"{count} B"


def _facts(report: Report, mark: _Mark) -> Iterator[str]:
    yield f"to download ({mark(report.environment)}, {mark(report.subdir)})"
    if against := report.against:
        grown = report.size.bytes - against.size.bytes
        more = f"{amount(abs(grown))} {'more than' if grown > 0 else 'less than'}"
        before = f"{_count(against.size)}, {amount(against.size.bytes)}"
        yield f"{more if grown else 'as much as'} {mark(against.name)} ({before})"
    if report.limit:
        side = "above" if report.excess > 0 else "below"
        yield f"{amount(abs(report.excess))} {side} the limit of {mark(report.limit.text)}"


def _changed_rows(changes: Sequence[Change], top: int, mark: _Mark) -> Iterator[_Row]:
    for change in changes[:top]:
        packages = filter(None, (change.before, change.after))
        versions = " → ".join(dict.fromkeys(mark(package.version) for package in packages))
        why = _why(change.after, mark) if change.after else ""
        yield _signed(change.bytes), f"{change.kind:<7}", mark(change.name), versions, why
    if rest := changes[top:]:
        left = sum(change.bytes for change in rest)
        yield _signed(left), f"{'':<7}", _others(len(rest), "change"), "", ""


def _biggest_rows(size: Size, top: int, mark: _Mark) -> Iterator[_Row]:
    def sized(count: int) -> tuple[str, str]:
        return amount(count), f"{count / (size.bytes or 1):5.1%}"

    for package in size.packages[:top]:
        name, version = mark(package.name), mark(package.version)
        yield *sized(package.bytes), name, version, _why(package, mark)
    if rest := size.packages[top:]:
        left = sum(package.bytes for package in rest)
        yield *sized(left), _others(len(rest), "package"), "", ""


def _why(package: Package, mark: _Mark) -> str:
    if package.asked:
        return mark(package.asked)
    if not package.needed_by:
        return "no other package needs it"
    first, *more = package.needed_by
    return f"needed by {mark(first)}{f', +{len(more)}' if more else ''}"


def _notes(report: Report, mark: _Mark) -> Iterator[str]:
    now, old = report.size, report.against.size if report.against else None
    for one, names, before in (
        ("conda package", now.unsized, old.unsized if old else None),
        ("wheel", now.wheels, old.wheels if old else None),
    ):
        if names or before:
            was = "" if before is None else f" ({len(before)} before)"
            more = [f"… and {len(names) - _MOST} more"] if len(names) > _MOST else []
            listed = ", ".join([*map(mark, names[:_MOST]), *more])
            count = f"{_plural(len(names), one)}{was}"
            yield f"not counted, as the lock has no size: {count}{listed and f': {listed}'}"


def _columns(rows: Iterable[_Row], width: int) -> Iterator[str]:
    table = [(f"{row[0]:>11}  {row[1]}", f"{row[2]} {row[3]}".rstrip(), row[4]) for row in rows]
    names = min(_NAME_WIDTH, max((len(name) for _, name, why in table if why), default=0))
    for start, name, why in table:
        yield _cut(f"{start}  {name:<{names}}  {why}".rstrip(), width)


def _table(head: tuple[str, str], rows: Iterable[_Row]) -> str:
    lines = [(*head, "package", "version", "why it is there"), ("---:", "---", "---", "---", "---")]
    return "\n".join(f"| {' | '.join(map(str.strip, line))} |" for line in [*lines, *rows])


def _signed(count: int) -> str:
    return f"{'+' if count > 0 else ''}{amount(count)}"


def _count(size: Size) -> str:
    return _plural(len(size.packages), "conda package")


def _others(count: int, one: str) -> str:
    return f"the other {_plural(count, one) if count > 1 else one}"


def _plural(count: int, one: str) -> str:
    return f"{count} {one}{'' if count == 1 else 's'}"


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else f"{line[: width - 1]}…"


def _printable(name: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)


def _code(name: str) -> str:
    if len(name) <= _LONGEST and _PLAIN.fullmatch(name):
        return f"`{name}`"
    cut = name if len(name) <= _LONGEST else f"{name[:_LONGEST]}…"
    return f"<code>{''.join(c if c in _SAFE else f'&#{ord(c)};' for c in cut)}</code>"
