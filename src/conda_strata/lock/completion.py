"""What rattler for Python reads or keeps in a lock file, but cannot set: written into its text.

For upstream (conda/rattler, py-rattler 0.28): ``LockFile.add_pypi_package`` takes name, version and
location only; please let it take ``hashes``, ``requires_dist`` and ``requires_python``, which
``PypiLockedPackage`` can read already, and let environments take indexes and no packages at all. Lines
are added, and rattler then orders the file: a round trip by a YAML library costs half a second for each
thousand packages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import yaml
from rattler import LockFile

from conda_strata.lock.model import Lock
from conda_strata.pypi.wheel import Wheel

_PACKAGES = r"    packages:(?: \{\})?"
_INDEXES = r"(?m)^    indexes:\n((?:    - [^\n]*\n)+)"
_ENTRY = r"    - ['\"]?([^'\"\n]*)['\"]?\n"


def complete(path: Path, lock: Lock) -> None:
    """Write what the draft of *lock* at *path* lacks."""
    wheels = {wheel.url: wheel for found in lock.all_wheels().values() for wheel in found}
    empty = {
        name: [subdir for subdir, records in solution.items() if not records]
        for name, solution in lock.environments.items()
    }
    lines = path.read_text("utf-8").splitlines()
    before = len(lines)
    if any(empty.values()) or lock.indexes:
        lines = list(_with_environments(lines, empty, lock.indexes if wheels else ()))
    if wheels:
        lines = list(_with_wheels(lines, wheels))
    if len(lines) != before:
        path.write_text("\n".join(lines) + "\n", "utf-8")
        LockFile.from_path(path).to_path(path)


def indexes(text: str) -> tuple[str, ...]:
    """Return the Python indexes of a lock's environments, the default one first; none are usual."""
    blocks = re.findall(_INDEXES, text)
    return tuple(dict.fromkeys(url for block in blocks for url in re.findall(_ENTRY, block)))


def _with_environments(
    lines: Sequence[str], empty: Mapping[str, Sequence[str]], urls: Sequence[str]
) -> Iterator[str]:
    """Yield *lines* with indexes, and with the platforms on which an environment has no package.

    An environment without packages is one, and satisfies a manifest that asks for none.
    """
    name = ""
    for line in lines:
        if found := re.fullmatch(r"  (\S.*):", line):
            name = str(yaml.safe_load(found[1]))
        if not re.fullmatch(_PACKAGES, line):
            yield line
            continue
        if urls:
            yield "    indexes:"
            yield from (f"    - {url}" for url in urls)
        yield "    packages:" if empty.get(name) else line
        yield from (f"      {subdir}: []" for subdir in empty.get(name, ()))


def _with_wheels(lines: Sequence[str], wheels: Mapping[str, Wheel]) -> Iterator[str]:
    """Yield *lines* with the wheels' hashes and requirements."""
    wheel: Wheel | None = None
    for line in lines:
        yield line
        if line.startswith("- pypi: "):
            wheel = wheels[yaml.safe_load(line)[0]["pypi"]]
        elif wheel and line.startswith("  version: "):
            yield f"  sha256: {wheel.sha256}"
            if wheel.requires:
                yield "  requires_dist:"
                yield from (f"  - {name}" for name in wheel.requires)
            wheel = None
