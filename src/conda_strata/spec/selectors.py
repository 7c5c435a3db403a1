"""Platform selectors: ``# [linux]`` behind a dependency, as conda-lock and conda-build have it."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection

_NAMES = {
    "linux-64": {"linux", "linux64", "unix", "x86_64"},
    "linux-aarch64": {"linux", "aarch64", "unix"},
    "osx-64": {"osx", "osx64", "unix", "x86_64"},
    "osx-arm64": {"osx", "arm64", "unix"},
    "win-64": {"win", "win64", "x86_64"},
}
KNOWN = sorted({name for names in _NAMES.values() for name in names})
"""Every name that a selector can use."""

_SHORTEST = {
    "linux-64": "linux64",
    "linux-aarch64": "aarch64",
    "osx-64": "osx64",
    "osx-arm64": "arm64",
    "win-64": "win64",
}

_LONGEST = 200
"""Characters of a selector at most."""


def find(comment: str) -> str | None:
    """Return the selector of a comment, or None when it has none.

    ``# [linux and not aarch64]`` is a selector; ``# see [1]`` is only a remark.

    Raises
    ------
    ValueError
        When the comment is nothing but brackets, and what they hold is no selector.
    """
    found = re.search(r"\[([^\[\]]+)\]\s*$", comment)
    if found is None:
        return None
    try:
        _evaluate(_parse(found[1]), set())
    except ValueError:
        if re.fullmatch(r"#\s*\[[^\[\]]+\]\s*", comment):
            raise
        return None
    return found[1].strip()


def holds(selector: str, subdir: str) -> bool:
    """Whether *selector*, as returned by :func:`find`, selects *subdir*."""
    return _evaluate(_parse(selector), _NAMES[subdir])


def of(subdir: str) -> str:
    """Return the selector of one platform; a name that selectors have stays as it is."""
    return _SHORTEST.get(subdir, subdir)


def both(*found: str | None) -> str | None:
    """Return the selector that selects what all of *found* select; None where there are none."""
    named = dict.fromkeys(selector for selector in found if selector)
    if len(named) < 2:
        return next(iter(named), None)
    return " and ".join(f"({selector})" for selector in named)


def checked(condition: str) -> str:
    """Return *condition*, as it stands in ``sel(linux):`` or behind ``if:``, as a selector.

    Raises
    ------
    ValueError
        When it is none.
    """
    _evaluate(_parse(condition), set())
    return condition.strip()


def of_platforms(subdirs: Collection[str], among: Collection[str]) -> str:
    """Return a short selector that selects *subdirs* and no other of *among*."""
    for name in ("linux", "osx", "win", "unix", *KNOWN):
        if {subdir for subdir in among if name in _NAMES[subdir]} == set(subdirs):
            return name
    of_one = {subdir: names for subdir, names in _NAMES.items() if subdir in subdirs}
    return " or ".join(
        next(
            (n for n in sorted(names) if sum(n in others for others in _NAMES.values()) == 1),
            " and ".join(sorted(names - {"unix"})),
        )
        for names in of_one.values()
    )


def _parse(selector: str) -> ast.expr:
    # Python's parser is recursive: each 'not' and each bracket is a call.
    if len(selector) > _LONGEST:
        raise ValueError(f"{selector[:_LONGEST]}…")
    try:
        return ast.parse(selector.strip(), mode="eval").body
    except (SyntaxError, RecursionError, MemoryError):
        raise ValueError(selector) from None


def _evaluate(node: ast.expr, true: set[str]) -> bool:
    match node:
        case ast.Name(id=name) if name in KNOWN:
            return name in true
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not _evaluate(operand, true)
        case ast.BoolOp(op=operator, values=values):
            held = [_evaluate(value, true) for value in values]
            return all(held) if isinstance(operator, ast.And) else any(held)
        case _:
            raise ValueError(ast.unparse(node))
