"""Why no set of packages fulfils the specs, on all platforms, with the line and what to change."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from rattler import Channel, Gateway, MatchSpec, Subdir

from conda_strata.core.errors import StrataError, UnsatisfiableError
from conda_strata.solve.what_fits import Again, what_fits
from conda_strata.spec import selectors
from conda_strata.spec.dependency import Spec, package_name
from conda_strata.spec.manifest import Manifest
from conda_strata.spec.nearest import did_you_mean, nearest
from conda_strata.spec.refusals import together
from conda_strata.spec.virtual_packages import FILE_NAME

_MOST_LINES = 25
"""Lines of the solver's own explanation at most: the rest repeats it for further versions."""

_MOST_VERSIONS = 4

Finding = tuple[str, str]
"""What is wrong, with a place for the platforms, and the fix."""


class ConflictError(Exception):
    """What the solver said of one platform.

    Parameters
    ----------
    subdir, reason
        The platform, and the solver's explanation.
    sources
        The channels that were asked.
    """

    def __init__(self, subdir: str, reason: str, sources: Sequence[Channel]) -> None:
        super().__init__(reason)
        self.subdir = subdir
        self.reason = reason.removeprefix("Cannot solve the request because of: ").strip()
        self.sources = sources


async def explained(
    conflicts: Sequence[ConflictError], manifest: Manifest, gateway: Gateway, again: Again
) -> StrataError:
    """Return one error that tells what to change for all of *conflicts*.

    Parameters
    ----------
    gateway
        Which has read the channels already.
    again
        Solves once more, with other specs.
    """
    sources = conflicts[0].sources
    subdirs = list(dict.fromkeys([*manifest.platforms, *(c.subdir for c in conflicts)]))
    names = {subdir: await _names(gateway, sources, subdir) for subdir in subdirs}
    findings: dict[Finding, list[str]] = {}
    for conflict in conflicts:
        specs = _each_name(manifest.all_specs(conflict.subdir))
        found = _absent(specs, conflict.subdir, names)
        found += await _no_such_version(specs, conflict, gateway)
        for finding in found or [await _of_solver(conflict, manifest, again)]:
            findings.setdefault(finding, []).append(conflict.subdir)
    return together(
        [
            UnsatisfiableError(what.replace("{on}", f"on {', '.join(subdirs)}"), fix)
            for (what, fix), subdirs in findings.items()
        ]
    )


async def _names(gateway: Gateway, sources: Sequence[Channel], subdir: str) -> set[str]:
    found = await gateway.names(list(sources), [Subdir(subdir), "noarch"])
    return {name.normalized for name in found}


def _each_name(specs: Iterable[Spec]) -> list[Spec]:
    return [spec for spec in specs if not package_name(spec.text).startswith("__")]


def _absent(specs: Sequence[Spec], subdir: str, names: Mapping[str, set[str]]) -> list[Finding]:
    """Return the specs whose package no channel has for *subdir*."""
    found = []
    for spec in specs:
        name = package_name(spec.text)
        if name in names[subdir]:
            continue
        elsewhere = [other for other in names if name in names[other]]
        if elsewhere:
            selector = selectors.of_platforms(elsewhere, list(names))
            only = f"the channels do not have it {{on}}, only for {', '.join(elsewhere)}"
            fix = f"Write '{spec.text}  # [{selector}]', or take the platform out."
            found.append((f"{spec.where}: {spec.text}: {only}", fix))
            continue
        like = nearest(name, set().union(*names.values()))
        fix = did_you_mean(like) or (
            "Check the spelling. Where another channel has it, add that under 'channels:'; where "
            "only PyPI has it, move it to the 'pip:' list."
        )
        found.append((f"{spec.where}: {spec.text}: no channel has {name} {{on}}", fix))
    return found


async def _no_such_version(
    specs: Sequence[Spec], conflict: ConflictError, gateway: Gateway
) -> list[Finding]:
    """Return the specs that no build fulfils even alone."""
    found = []
    for spec in specs:
        wanted = MatchSpec(spec.text)
        name = package_name(spec.text)
        if not (wanted.version or wanted.build):
            continue
        channels = [wanted.channel] if wanted.channel else list(conflict.sources)
        answer = await gateway.query(
            channels, [Subdir(conflict.subdir), "noarch"], [MatchSpec(name)], recursive=False
        )
        records = [record for repodata in answer for record in repodata]
        if not records or any(wanted.matches(record) for record in records):
            continue
        newest_first = sorted(records, key=lambda record: record.version, reverse=True)
        versions = list(dict.fromkeys(str(record.version) for record in newest_first))
        shown = ", ".join(versions[:_MOST_VERSIONS])
        more = (
            f" and {len(versions) - _MOST_VERSIONS} older" if len(versions) > _MOST_VERSIONS else ""
        )
        fix = f"Ask for one of these versions, as in '{name} ={versions[0]}'."
        if wanted.build and any(
            MatchSpec(f"{name} {wanted.version or '*'}").matches(record) for record in records
        ):
            fix = (
                "No such build is there; those of another platform never are. Leave the build "
                f"out, as in '{name} {str(wanted.version or '').replace('==', '=')}'; 'strata loosen' does so for a whole file."
            )
        found.append(
            (f"{spec.where}: {spec.text}: the channels have {name} {shown}{more} {{on}}", fix)
        )
    return found


async def _of_solver(conflict: ConflictError, manifest: Manifest, again: Again) -> Finding:
    lines = conflict.reason.splitlines()
    if len(lines) > _MOST_LINES:
        lines = [*lines[:_MOST_LINES], f"(and {len(lines) - _MOST_LINES} lines like these)"]
    reason = "\n".join(lines)
    everything = manifest.all_specs(conflict.subdir)
    named = [
        spec
        for spec in everything
        if re.search(rf"(?<![\w.-]){re.escape(package_name(spec.text))}(?![\w.-])", reason)
    ]
    places = "".join(f"\n  {spec.where}: {spec.text}" for spec in named)
    fix = "Loosen or remove one of the specs named above."
    if missing := re.search(r"(?<![\w-])__[a-z]+", reason):
        fix = (
            f"If the machines that this is for have {missing[0]}, say so in {FILE_NAME} beside "
            f"{manifest.files[0].name}; else loosen a spec."
        )
    elif fitting := await what_fits(named, everything, conflict.subdir, again):
        fix = f"The rest fits with {' or '.join(fitting)}."
    return f"no set of packages fulfils the specs {{on}}: {reason}{places}", fix
