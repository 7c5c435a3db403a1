"""Locks in the formats of other tools: what a person without strata installs from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from rattler import PackageRecord, RepoDataRecord

from conda_strata.core import atomic
from conda_strata.core.urls import without_credentials

_URL_CHARACTERS = "%/:?&=+!,;@()~[]'"


def in_order(records: Sequence[RepoDataRecord]) -> list[RepoDataRecord]:
    """Return the packages in the order to install them: each after what it depends on."""
    by_name = {record.name.normalized: record for record in records}
    ordered = PackageRecord.sort_topologically(list(records))
    return [by_name[record.name.normalized] for record in ordered]


def public_url(url: str) -> str:
    """Return where a package is downloaded from, without credentials and fragment.

    Tools expand ``$NAME`` in URLs, so a dollar sign is written as its number.
    """
    return quote(without_credentials(url.partition("#")[0]), safe=_URL_CHARACTERS)


def write(path: Path, text: str) -> None:
    """Write an export: all of it or, on any failure, nothing.

    Raises
    ------
    StrataError
        When the file cannot be written.
    """
    if path.exists() and not path.is_file():
        # A terminal or a pipe, such as /dev/stdout, has to stay what it is.
        path.write_text(text, "utf-8")
    else:
        atomic.write(path, text.encode())
