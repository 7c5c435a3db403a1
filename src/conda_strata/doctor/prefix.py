"""The installed environment against the lock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from conda_strata.core.errors import StrataError
from conda_strata.doctor.finding import Finding, of_error, ok, problem, warning
from conda_strata.lock.model import Lock, identity
from conda_strata.prefix import activation, link_scripts
from conda_strata.spec.manifest import Manifest

_SHOWN = 3


def prefix(
    lock: Lock,
    manifest: Manifest | None,
    subdir: str,
    environment: str | None,
    named: Path | None,
) -> Iterator[Finding]:
    """Say whether the prefix holds exactly what the lock says, and which scripts did not run.

    Without a named environment, it is compared with the one it is nearest to.
    """
    try:
        folder = activation.find_prefix(named)
    except StrataError as error:
        yield (of_error if named else _not_installed)("prefix", error)
        return
    installed = {file.stem for file in (folder / "conda-meta").glob("*.json")}
    try:
        wanted = {
            name: {identity(record) for record in lock.records(name, subdir)}
            for name in ([environment] if environment else lock.environments)
        }
    except StrataError as error:
        # Another platform than this machine's has been told already.
        if environment and environment not in lock.environments:
            yield of_error("prefix", error)
        return
    if not wanted:
        return
    name = min(wanted, key=lambda name: len(wanted[name] ^ installed))
    missing, extra = wanted[name] - installed, installed - wanted[name]
    if not missing and not extra:
        yield ok("prefix", f"{folder} is {name!r}, {len(installed)} packages")
        yield from _scripts(lock, manifest, name, subdir, folder)
        return
    parts = [
        f"{label} {_some(identities)}"
        for label, identities in (("lacks", missing), ("also has", extra))
        if identities
    ]
    option = "" if name == next(iter(lock.environments)) else f" --env {name}"
    yield problem(
        "prefix",
        f"{folder} is not what the lock says for {name!r}: it {' and '.join(parts)}",
        f"Run 'strata install{option}'.",
    )


def _scripts(
    lock: Lock, manifest: Manifest | None, name: str, subdir: str, folder: Path
) -> Iterator[Finding]:
    records = lock.records(name, subdir)
    waiting = link_scripts.pending(folder, link_scripts.installed(folder, records, subdir))
    allowed = {s.text.lower() for s in manifest.allowed_scripts(name, subdir)} if manifest else ()
    option = "" if name == next(iter(lock.environments)) else f" --env {name}"
    for script in waiting:
        package = script.record.name.normalized
        if package in allowed:
            fix = f"Run 'strata install{option}'."
        else:
            fix = f"If you need what it does, put '{link_scripts.KEY}: [{package}]' into environment.yml."
        yield warning("link script", f"{script} did not run", fix)


def _not_installed(check: str, error: StrataError) -> Finding:
    return warning(check, error.what, "Run 'strata install' to work without Docker.")


def _some(identities: set[str]) -> str:
    shown = sorted(identities)[:_SHOWN]
    more = len(identities) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
