"""Run the post-link scripts that ``link-scripts:`` allows, each once."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from rattler import RepoDataRecord

from conda_strata.core import atomic
from conda_strata.core.errors import StrataError
from conda_strata.core.log import logger
from conda_strata.lock.model import identity
from conda_strata.prefix import activation
from conda_strata.prefix.link_scripts import KEY, LinkScript, installed

_log = logger(__name__)

_DONE = Path("conda-meta/strata-link-scripts")
"""Which scripts ran: name to SHA-256 of the package, as JSON. The name has no '.json' at its end,
because all programs take such a file for the record of a package."""

_MESSAGES = ".messages.txt"
_LONGEST = 10_000
"""Characters of a script's messages and output that are shown."""


class LinkScriptError(StrataError):
    """A post-link script failed; the packages themselves are all there."""


def pending(prefix: Path, scripts: Iterable[LinkScript]) -> list[LinkScript]:
    """Return those of *scripts* that did not run since their packages were linked."""
    done = _done(prefix)
    return [s for s in scripts if done.get(s.record.name.normalized) != _sha256(s.record)]


def run(
    prefix: Path,
    records: Sequence[RepoDataRecord],
    subdir: str,
    allowed: Collection[str],
    *,
    again: bool = False,
) -> None:
    """Run the post-link scripts of *allowed* packages in *prefix* that did not run yet.

    Parameters
    ----------
    prefix
        The environment, complete.
    records
        All its packages.
    subdir
        Their platform, which is this machine's.
    allowed
        Names of the packages whose scripts may run.
    again
        Whether all packages were linked anew, so that each script has to run.

    Raises
    ------
    LinkScriptError
        When one fails; it will be tried again by the next installation.
    """
    there = {record.name.normalized: _sha256(record) for record in records}
    before = {} if again else _done(prefix)
    done = {name: digest for name, digest in before.items() if there.get(name) == digest}
    wanted = [record for record in records if record.name.normalized in allowed]
    scripts = installed(prefix, wanted, subdir) if wanted else []
    try:
        for script in scripts:
            name = script.record.name.normalized
            if name not in done:
                _run(prefix, script, subdir)
                done[name] = there[name]
    finally:
        if done != before:
            atomic.write(prefix / _DONE, json.dumps(done, indent=2, sort_keys=True).encode())


def _run(prefix: Path, script: LinkScript, subdir: str) -> None:
    _log.info("%s runs", script)
    record = script.record
    variables = {
        "PREFIX": str(prefix),
        "ROOT_PREFIX": str(prefix),
        "PKG_NAME": record.name.normalized,
        "PKG_VERSION": str(record.version),
        "PKG_BUILDNUM": str(record.build_number),
    }
    file = str(prefix / script.path)
    if os.name == "nt":
        inside = activation.variables(prefix, subdir)
        command = [os.environ.get("COMSPEC", "cmd"), "/d", "/c", file]
    else:
        inside = dict(os.environ)
        command = activation.command(prefix, ["bash", file])
    messages = prefix / _MESSAGES
    messages.unlink(missing_ok=True)
    done = subprocess.run(
        command,
        cwd=prefix,
        env=inside | variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    said = done.stdout.decode("utf-8", "replace").strip()
    _log.debug("%s", said[-_LONGEST:])
    if message := _taken(messages):
        _log.warning("%s: %s", identity(record), message)
    if done.returncode:
        last = said.splitlines()[-1][:300] if said else "it said nothing"
        raise LinkScriptError(
            f"{script} failed with exit code {done.returncode}: {last}",
            "The packages are installed. 'strata install -v' runs it again and shows all it says; "
            f"or take {record.name.normalized} out of '{KEY}:' in environment.yml.",
        )


def _taken(messages: Path) -> str:
    """Return what a script left for the user, as conda shows it, and remove that."""
    text = ""
    with suppress(OSError):
        if not messages.is_symlink():
            with messages.open("rb") as file:
                text = file.read(_LONGEST).decode("utf-8", "replace").strip()
        messages.unlink()
    return text


def _done(prefix: Path) -> dict[str, str]:
    try:
        stored = json.loads((prefix / _DONE).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return stored if isinstance(stored, dict) else {}


def _sha256(record: RepoDataRecord) -> str:
    return (record.sha256 or b"").hex()
