"""Post-link scripts: what a package runs after it is linked, where ``environment.yml`` allows it.

A script is code of the package that runs with the user's rights on the machine that installs, and
its result is no part of the lock. So none runs unless it is named in ``link-scripts:``, and none
runs where layers are made: those would depend on the machine that pushes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rattler import PackageRecord, RepoDataRecord

from conda_strata.lock.model import identity
from conda_strata.prefix.package_facts import RULES, Facts
from conda_strata.rattler import channels
from conda_strata.rattler.package_cache import PackageCache

KEY = "link-scripts"

_KNOWN = {
    "fsl-": "makes commands in share/fsl/bin, where FSLDIR and FSL_CREATE_WRAPPER_SCRIPTS are set",
    "bioconductor-": "downloads its data",
    "gdk-pixbuf": "makes the cache of its image loaders",
    "graphviz": "registers its plugins, without which 'dot' draws nothing",
    "gtk3": "compiles schemas, and makes caches of icons and input modules",
    "ocl-icd": "links the system's OpenCL drivers into the environment",
    "openmpi": "prints how to use CUDA",
}
"""What well-known scripts do, by name of the package, or by how it begins."""


@dataclass(frozen=True)
class LinkScript:
    """The post-link script of one package.

    Attributes
    ----------
    record
        The package.
    path
        The script, relative to the prefix.
    """

    record: RepoDataRecord
    path: str

    def __str__(self) -> str:
        """Return package and script, and what it is known to do."""
        does = _does(self.record.name.normalized)
        return f"{identity(self.record)}: its post-link script {self.path}" + (
            f" ({does})" if does else ""
        )


def place(name: str, subdir: str) -> str:
    """Return where a package called *name* has its post-link script, relative to the prefix."""
    if subdir.startswith("win-"):
        return f"Scripts/.{name}-post-link.bat"
    return f"bin/.{name}-post-link.sh"


def known(records: Iterable[RepoDataRecord]) -> Iterator[LinkScript]:
    """Yield the scripts of those of *records* that were looked into on this machine before."""
    cache = PackageCache(channels.cache_dir() / "pkgs", RULES)
    for record in cache.vetted(records):
        if facts := Facts.recalled(cache.remembered(record)):
            yield from (LinkScript(record, path) for path in facts.scripts)


def installed(prefix: Path, records: Iterable[RepoDataRecord], subdir: str) -> list[LinkScript]:
    """Return the scripts of *records* that are in *prefix*, dependencies first."""
    found = {}
    for record in records:
        path = place(record.name.normalized, subdir)
        if (prefix / path).is_file():
            found[record.name.normalized] = LinkScript(record, path)
    if len(found) < 2:
        return list(found.values())
    ordered = PackageRecord.sort_topologically(list(records))
    return [found[one.name.normalized] for one in ordered if one.name.normalized in found]


def _does(name: str) -> str:
    for known_name, does in _KNOWN.items():
        if name == known_name or (known_name.endswith("-") and name.startswith(known_name)):
            return does
    return ""
