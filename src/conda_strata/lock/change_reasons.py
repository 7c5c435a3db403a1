"""Why a package changed, for the review of a lock."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from rattler import MatchSpec, RepoDataRecord

from conda_strata.spec.dependency import package_name
from conda_strata.spec.manifest import Spec

Records = Sequence[RepoDataRecord]

_NEEDS = "needs"
_LIMITS = "is compatible only with"

_User = tuple[str, str, str]
"""A package, what it does with another one, and its words for that."""


def reasons(
    moved: Collection[str],
    old: Records,
    new: Records,
    specs: Sequence[Spec],
    let_go: Collection[str] | None,
) -> dict[str, str]:
    """Return why each of the packages *moved* has changed.

    Parameters
    ----------
    moved
        Names of the packages that were added, removed, or have another version or build.
    old, new
        The packages before and after.
    specs
        What the manifest asks for on this platform.
    let_go
        Names that may change to their newest version; None where all may.
    """
    before = {record.name.normalized: record for record in old}
    after = {record.name.normalized: record for record in new}
    asked: dict[str, list[Spec]] = {}
    for spec in specs:
        asked.setdefault(package_name(spec.text), []).append(spec)
    users: dict[str, list[_User]] = {}
    for name, record in after.items():
        for verb, texts in ((_NEEDS, record.depends), (_LIMITS, record.constrains)):
            for text in texts:
                users.setdefault(package_name(text), []).append((name, verb, text))

    def reason(name: str) -> str:
        own, others = asked.get(name, ()), users.get(name, ())
        if name not in after:
            return "nothing depends on it"
        if name not in before:
            return _reason_to_add(own, others, before)
        was = before[name]
        if ruled_out := next(_against(was, own, others), None):
            return ruled_out
        if let_go is None or name in let_go:
            return "newest"
        return f"{was.version} {was.build} is unavailable, or newer than the cut-off"

    return {name: reason(name) for name in sorted(moved)}


def _reason_to_add(asked: Sequence[Spec], users: Sequence[_User], before: Collection[str]) -> str:
    if asked:
        return f"{asked[0].where}: {asked[0].text}"
    needing = [name for name, verb, _ in users if verb == _NEEDS]
    new = [name for name in needing if name not in before]
    return f"needed by {(new or needing)[0]}" if needing else ""


def _against(was: RepoDataRecord, asked: Sequence[Spec], users: Sequence[_User]) -> Iterator[str]:
    """Yield what excludes the old build: the manifest, or a package that needs another one."""
    for spec in asked:
        if not MatchSpec(spec.text).matches(was):
            yield f"{spec.where}: {spec.text}"
    for name, verb, text in users:
        if not MatchSpec(text).matches(was):
            yield f"{name} {verb} {text}"
