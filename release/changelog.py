"""The changelog: what is unreleased becomes a release's section."""

from __future__ import annotations

import datetime
import re

from release.errors import RefusedError

UNRELEASED = "## [Unreleased]"
_SECTION = re.compile(r"^## \[(?P<name>[^\]]+)\].*$", re.MULTILINE)


def section(text: str, name: str) -> str:
    """Return what the changelog says of a version, without its heading.

    Raises
    ------
    RefusedError
        When it has no such section, or an empty one.
    """
    headings = list(_SECTION.finditer(text))
    ends = [heading.start() for heading in headings[1:]] + [len(text)]
    for heading, end in zip(headings, ends, strict=True):
        if heading["name"] == name:
            body = text[heading.end() : end].strip()
            if not re.search(r"(?m)^[-*] \S", body):
                raise RefusedError(f"CHANGELOG.md says nothing under '## [{name}]'")
            return body
    raise RefusedError(f"CHANGELOG.md has no section '## [{name}]'")


def released(text: str, version: str, day: datetime.date) -> str:
    """Return the changelog with its unreleased changes under *version*.

    Raises
    ------
    RefusedError
        When nothing is unreleased, or the version has a section.
    """
    section(text, "Unreleased")
    if any(heading["name"] == version for heading in _SECTION.finditer(text)):
        raise RefusedError(f"CHANGELOG.md has a section '## [{version}]' already")
    return text.replace(UNRELEASED, f"{UNRELEASED}\n\n## [{version}] - {day.isoformat()}", 1)
