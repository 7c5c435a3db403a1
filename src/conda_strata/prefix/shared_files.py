"""Files that more than one package owns: which package's is in the prefix, said in a sentence.

rattler keeps the others apart in a folder of the prefix, and notes the path that each would have had.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_FOLDER = "__clobbers__"


@dataclass(frozen=True)
class SharedFiles:
    """Files that the same packages own.

    Attributes
    ----------
    winner
        The package whose files are in the prefix.
    others
        The packages whose files are not.
    paths
        The files.
    """

    winner: str
    others: tuple[str, ...]
    paths: tuple[str, ...]

    def __str__(self) -> str:
        more = len(self.paths) - 1
        files = self.paths[0] + (f" and {more} more files are" if more else " is")
        return (
            f"{files} in more than one package: {self.winner}'s stays, not that of "
            f"{', '.join(self.others)}"
        )


def find(prefix: Path) -> list[SharedFiles]:
    """Return the files of *prefix* that more than one of its packages owns."""
    if not (prefix / _FOLDER).is_dir():
        return []
    entries = [
        entry
        for record in sorted((prefix / "conda-meta").glob("*.json"))
        for entry in _entries(record)
    ]
    losers: dict[str, set[str]] = {}
    for name, original, _ in entries:
        if original:
            losers.setdefault(original, set()).add(name)
    winners = {path: name for name, original, path in entries if not original and path in losers}
    groups: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for path, others in sorted(losers.items()):
        if winner := winners.get(path):
            groups.setdefault((winner, tuple(sorted(others))), []).append(path)
    return [SharedFiles(*who, tuple(paths)) for who, paths in groups.items()]


def _entries(file: Path) -> Iterator[tuple[str, str, str]]:
    """Yield package, path that it would have had, and path; nothing of a record that is damaged."""
    with suppress(OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        record = json.loads(file.read_bytes())
        for entry in record["paths_data"]["paths"]:
            yield str(record["name"]), str(entry.get("original_path") or ""), str(entry["_path"])
