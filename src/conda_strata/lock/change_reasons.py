"""Why a package changed, for the review of a lock."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from rattler import MatchSpec, RepoDataRecord

from conda_strata.spec.dependency import package_name
from conda_strata.spec.manifest import Spec

Records = Sequence[RepoDataRecord]


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
    users: dict[str, list[str]] = {}
    for user, record in after.items():
        for text in (*record.depends, *record.constrains):
            users.setdefault(package_name(text), []).append(user)
    return {
        name: _reason(
            name,
            before,
            {u: after[u] for u in [name, *users.get(name, ())] if u in after},
            specs,
            let_go,
        )
        for name in sorted(moved)
    }


def _reason(
    name: str,
    before: Mapping[str, RepoDataRecord],
    after: Mapping[str, RepoDataRecord],
    specs: Sequence[Spec],
    let_go: Collection[str] | None,
) -> str:
    if name not in after:
        return "nothing depends on it"
    asked = [spec for spec in specs if package_name(spec.text) == name]
    if name not in before:
        return _reason_to_add(name, before, after, asked)
    was = before[name]
    if ruled_out := next(_against(was, after, asked), None):
        return ruled_out
    if let_go is None or name in let_go:
        return "newest"
    return f"{was.version} {was.build} is unavailable, or newer than the cut-off"


def _reason_to_add(
    name: str,
    before: Mapping[str, RepoDataRecord],
    after: Mapping[str, RepoDataRecord],
    asked: Sequence[Spec],
) -> str:
    if asked:
        return f"{asked[0].where}: {asked[0].text}"
    users = [u for u, record in after.items() if name in map(package_name, record.depends)]
    new_users = [user for user in users if user not in before]
    return f"needed by {(new_users or users)[0]}" if users else ""


def _against(
    was: RepoDataRecord, after: Mapping[str, RepoDataRecord], asked: Sequence[Spec]
) -> Iterator[str]:
    """Yield what excludes the old build: the manifest, or a package that needs another one."""
    name = was.name.normalized
    for spec in asked:
        if not MatchSpec(spec.text).matches(was):
            yield f"{spec.where}: {spec.text}"
    for user, record in after.items():
        for text in (*record.depends, *record.constrains):
            if package_name(text) == name and not MatchSpec(text).matches(was):
                verb = "needs" if text in record.depends else "is compatible only with"
                yield f"{user} {verb} {text}"
