"""An environment into a prefix: what that changes is said before it starts, and asked about."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from conda_strata.cli import console, escape, progress
from conda_strata.core.errors import StrataError

if TYPE_CHECKING:
    from rattler import RepoDataRecord

    from conda_strata.prefix.held import Changes
    from conda_strata.pypi.wheel import Wheel

_SHOWN = 6


@dataclass(frozen=True)
class Wanted:
    """What a prefix shall hold: one environment of the lock on one platform."""

    environment: str
    subdir: str
    records: Sequence[RepoDataRecord]
    wheels: Sequence[Wheel]
    variables: Mapping[str, str] | None
    requested: Sequence[str] | None
    allowed: Collection[str]


def install(prefix: Path, wanted: Wanted, *, sure: bool) -> None:
    """Bring *prefix* to what is *wanted*.

    Parameters
    ----------
    prefix
        The environment's folder.
    wanted
        What it shall hold.
    sure
        Whether nobody need be asked, though it removes more packages than it adds.

    Raises
    ------
    StrataError
        When the user does not want it; then nothing has changed.
    """
    from conda_strata.prefix import held
    from conda_strata.prefix.environment import bring_to

    changes = held.changes(prefix, wanted.records, wanted.wheels)
    said = [
        f"{verb} {_some(names)}"
        for verb, names in (
            ("installs", changes.installed),
            ("updates", changes.updated),
            ("removes", changes.removed),
        )
        if names
    ]
    if said:
        console.say(f"{prefix}: {wanted.environment} {'; '.join(said)}")
    if not sure and len(changes.removed) > len(changes.installed):
        _ask(prefix, changes)
    with progress.installing() as reporter:
        bring_to(
            prefix,
            wanted.records,
            wanted.wheels,
            wanted.subdir,
            wanted.variables,
            name=wanted.environment,
            requested=wanted.requested,
            allowed=wanted.allowed,
            reporter=reporter,
        )
    if said:
        console.say(
            f"installed {len(changes.installed)}, updated {len(changes.updated)}, "
            f"removed {len(changes.removed)}"
        )


def _ask(prefix: Path, changes: Changes) -> None:
    """Ask on a terminal; nobody can answer in a pipe, and nobody is there in CI."""
    if os.environ.get("CI") or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return
    print(escape.line(f"Remove {len(changes.removed)} packages? [y/N] "), end="", file=sys.stderr)
    sys.stderr.flush()
    answer = sys.stdin.readline().strip().lower()
    if answer not in {"y", "yes"}:
        raise StrataError(
            f"{prefix} is as it was",
            "Answer 'y', or give --yes. Name the environment that it shall hold with --env.",
        )


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    more = f", … ({len(names) - _SHOWN} more)" if len(names) > _SHOWN else ""
    return f"{len(names)}: {shown}{more}"
