"""What conda keeps in ``conda-meta`` and rattler does not: history, modes, paths as they are linked.

``conda remove`` takes out what nothing in the history asks for, ``conda list`` of another user has
to be able to read the records, and rattler removes the paths that a record names.
"""

from __future__ import annotations

import json
import os
import time
from ast import literal_eval
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from rattler import MatchSpec, RepoDataRecord

from conda_strata.core import atomic
from conda_strata.core.urls import without_credentials
from conda_strata.lock.model import identity

_PUBLIC = "https://conda.anaconda.org/"
_REMOVED, _ASKED = "# remove specs: ", "# update specs: "
_PROGRAM = "unix_python_entry_point"


def permission(mode: int) -> int:
    """Return *mode* less what the user's umask takes away."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mode & ~mask


def allow_reading(prefix: Path, linked: Sequence[RepoDataRecord]) -> None:
    """Give the records and programs of packages that were just *linked* the modes that conda does."""
    for record in linked:
        file = prefix / "conda-meta" / f"{identity(record)}.json"
        file.chmod(permission(0o666))
        if record.noarch.python and os.name != "nt":
            for entry in json.loads(file.read_bytes())["paths_data"]["paths"]:
                if entry.get("path_type") == _PROGRAM:
                    (prefix / entry["_path"]).chmod(permission(0o777))


def forget_hashes_of_links(prefix: Path, linked: Sequence[RepoDataRecord]) -> None:
    """Take the hashes of symbolic links out of the records of packages that were just *linked*.

    rattler notes the hash of the link's text, and ``conda doctor`` compares it with the content of
    the file that the link leads to: to conda, every link would be altered.
    """
    for record in linked:
        file = prefix / "conda-meta" / f"{identity(record)}.json"
        text = file.read_bytes()
        if b'"softlink"' not in text:
            continue
        described = json.loads(text)
        for entry in described["paths_data"]["paths"]:
            if entry.get("path_type") == "softlink":
                entry.pop("sha256_in_prefix", None)
        atomic.write(file, json.dumps(described, indent=2).encode())


def name_linked_paths(prefix: Path) -> None:
    """Let the records that conda wrote of noarch packages name the paths in the prefix.

    conda notes them as they are in the package (``site-packages/…``) and rattler, which removes
    by them, would leave every file where it is.
    """
    for file in (prefix / "conda-meta").glob("*.json"):
        text = file.read_bytes()
        # Records have many thousand paths: most are not worth reading.
        if b'"package_type": "noarch_python"' not in text:
            continue
        try:
            record = json.loads(text)
            held = set(record["files"])
            place = _place(held)
            changed = False
            for entry in record["paths_data"]["paths"]:
                if (path := place(entry["_path"])) != entry["_path"] and path in held:
                    entry["_path"] = path
                    changed = True
        except (ValueError, KeyError, TypeError):
            continue
        if changed:
            atomic.write(file, json.dumps(record, indent=2).encode())


def _place(held: Iterable[str]) -> Callable[[str], str]:
    """Return where conda links a path of a noarch package, judged by what it holds in the prefix."""
    marker = "/site-packages/"
    found = next((path for path in held if marker in path), "")
    modules = found.partition(marker)[0] + marker
    programs = "Scripts/" if modules.startswith("Lib/") else "bin/"

    def place(path: str) -> str:
        first, _, rest = path.partition("/")
        return {"site-packages": modules, "python-scripts": programs}.get(first, f"{first}/") + rest

    return place


def remember(prefix: Path, records: Sequence[RepoDataRecord], specs: Sequence[str]) -> None:
    """Add to the history what has changed since its last entry; nothing where nothing has.

    Parameters
    ----------
    prefix
        The environment, as it is now.
    records
        All packages that it holds.
    specs
        What was asked for, in conda's syntax.
    """
    file = prefix / "conda-meta/history"
    text = file.read_text("utf-8", errors="replace") if file.exists() else ""
    held, asked = _state(text)
    holds = {_distribution(record) for record in records}
    names = {_name(MatchSpec(spec)): spec for spec in specs}
    for record in records:
        _mark(prefix, record, names.get(record.name.normalized))
    if held == holds and asked == names:
        return
    lines = [
        time.strftime("==> %Y-%m-%d %H:%M:%S <=="),
        "# cmd: strata install",
        *(f"-{name}" for name in sorted(held - holds)),
        *(f"+{name}" for name in sorted(holds - held)),
    ]
    if gone := sorted(asked.keys() - names.keys()):
        lines.append(f"{_REMOVED}{gone}")
    if names:
        lines.append(f"{_ASKED}{sorted(names.values())}")
    atomic.write(file, (text + "\n".join(lines) + "\n").encode())
    file.chmod(permission(0o666))


def _state(history: str) -> tuple[set[str], dict[str, str]]:
    """Return what the last entry of *history* left: packages, and name to spec."""
    held: set[str] = set()
    asked: dict[str, str] = {}
    for line in history.splitlines():
        if line.startswith("+"):
            held.add(line[1:])
        elif line.startswith("-"):
            held.discard(line[1:])
        elif line.startswith((_REMOVED, _ASKED)):
            try:
                specs = [MatchSpec(str(spec)) for spec in literal_eval(line.partition(": ")[2])]
            except Exception:  # noqa: BLE001, S112 - anyone's file: what cannot be read is written anew
                continue
            for spec in specs:
                asked.pop(_name(spec), None)
                if line.startswith(_ASKED):
                    asked[_name(spec)] = str(spec)
    return held, asked


def _name(spec: MatchSpec) -> str:
    return spec.name.normalized


def _mark(prefix: Path, record: RepoDataRecord, spec: str | None) -> None:
    """Have the record of a package name the *spec* that asked for it, and no other.

    For upstream (py-rattler 0.28): ``install(requested_specs=…)`` fails with a TypeError.
    """
    file = prefix / "conda-meta" / f"{identity(record)}.json"
    text = file.read_bytes()
    line = f'  "requested_spec": {json.dumps(spec)},\n'.encode()
    if line in text if spec else b'"requested_spec"' not in text:
        return  # most, and they can be large
    described = json.loads(text)
    described.pop("requested_spec", None)
    named = {"requested_spec": spec} if spec else {}
    described = {**named, **described, "requested_specs": [spec] if spec else []}
    atomic.write(file, json.dumps(described, indent=2).encode())
    file.chmod(permission(0o666))


def _distribution(record: RepoDataRecord) -> str:
    """Return what conda calls a build of a channel: ``conda-forge/linux-64::name-version-build``."""
    folder = without_credentials(record.url).rpartition("/")[0].removeprefix(_PUBLIC)
    return f"{folder}::{identity(record)}"
