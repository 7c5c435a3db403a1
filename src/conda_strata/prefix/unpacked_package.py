"""A package that is unpacked, and where its files will be in a prefix."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rattler import RepoDataRecord

from conda_strata.prefix.package_facts import Facts
from conda_strata.prefix.package_gate import files
from conda_strata.prefix.package_paths import folders_of


@dataclass(frozen=True)
class UnpackedPackage:
    """A package that has passed the gate and is about to be linked.

    Attributes
    ----------
    record
        Which.
    folder
        Where it is unpacked.
    facts
        What it brings.
    """

    record: RepoDataRecord
    folder: Path
    facts: Facts

    def files(self, site_packages: str) -> Iterator[tuple[str, bool]]:
        """Yield each path that it brings into a prefix, and whether that is a symbolic link."""
        for path, is_link in files(self.folder):
            yield self._placed(path, site_packages), is_link

    def folders(self, site_packages: str) -> set[str]:
        """Return all folders that it has files in, in a prefix."""
        found = {self._placed(path, site_packages) for path in self.facts.folders}
        if self.facts.noarch:
            found |= set(folders_of(f"{site_packages}/x"))
        return found

    def links(self, site_packages: str) -> Iterator[tuple[str, str]]:
        """Yield its symbolic links that matter to others: path in a prefix, and target."""
        on_windows = self.record.subdir.startswith("win-")
        for path, target in self.facts.links.items():
            plain = target.replace("\\", "/") if on_windows else target
            yield self._placed(path, site_packages), plain

    def _placed(self, path: str, site_packages: str) -> str:
        """Return where rattler links *path*: the modules of a noarch package go to its Python's."""
        first, _, rest = path.partition("/")
        if not self.facts.noarch or first not in {"site-packages", "python-scripts"}:
            return path
        scripts = "Scripts" if site_packages.startswith("Lib") else "bin"
        place = site_packages if first == "site-packages" else scripts
        return f"{place}/{rest}" if rest else place
