"""What commands say of packages that have post-link scripts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from conda_strata.cli import console

if TYPE_CHECKING:
    from rattler import RepoDataRecord

    from conda_strata.spec.dependency import Spec


def say_not_allowed(records: Iterable[RepoDataRecord], allowed: Iterable[Spec]) -> None:
    """Name the scripts that 'strata install' will not run, as far as packages are known here."""
    names = {spec.text.lower() for spec in allowed}
    for name, script in _by_name(records).items():
        if name not in names:
            console.say(
                f"notice: {script} does not run, unless environment.yml has "
                f"'link-scripts: [{name}]'"
            )


def say_left_out(records: Iterable[RepoDataRecord]) -> None:
    """Name the scripts that layers lack the work of, as far as packages are known here."""
    for script in _by_name(records).values():
        console.say(f"warning: {script} was not run: the layers lack what it makes")


def warn_of_unlocked(allowed: Sequence[Spec], records: Sequence[RepoDataRecord]) -> None:
    """Say which names of 'link-scripts:' are no packages of the environment."""
    locked = {record.name.normalized for record in records}
    for spec in allowed:
        if spec.text.lower() not in locked:
            console.say(
                f"warning: {spec.where}: {spec.text!r} under 'link-scripts:' is not locked here"
            )


def _by_name(records: Iterable[RepoDataRecord]) -> dict[str, object]:
    from conda_strata.prefix.link_scripts import known

    return {script.record.name.normalized: script for script in known(records)}
