"""Packages together: none may write through another's symbolic link out of the prefix.

A link may point anywhere: packages of drivers link to files of the system. It does harm where another
package, or a later one, has a file at the link or below it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from pathlib import Path

from conda_strata.core.errors import PackageError
from conda_strata.lock.model import identity
from conda_strata.prefix.symlinks import Symlinks
from conda_strata.prefix.unpacked_package import UnpackedPackage
from conda_strata.rattler.extraction import ASK

_OUTSIDE = "/"
"""A target outside of every prefix."""


def require_inside(
    packages: Sequence[UnpackedPackage],
    prefix: Path,
    site_packages: str,
    wanted: Collection[str],
) -> None:
    """Refuse packages that would together write outside of *prefix*.

    Parameters
    ----------
    packages
        Those that are about to be linked.
    prefix
        The target; what it holds already counts too.
    site_packages
        Folder of the modules of the prefix's Python, relative to the prefix.
    wanted
        Names of all packages that the prefix will hold.

    Raises
    ------
    PackageError
        Naming the package and the path.
    """
    _require_inside_each_other(packages, site_packages)
    _require_inside_existing(prefix, packages, site_packages, wanted)


def _require_inside_each_other(packages: Sequence[UnpackedPackage], site_packages: str) -> None:
    """Refuse packages that would write through each other's links."""
    targets: dict[str, str] = {}
    folders: dict[str, UnpackedPackage] = {}
    for package in packages:
        for path, target in package.links(site_packages):
            # Two packages have the same link: which of them stays is open, so expect the worst.
            targets[path] = target if targets.get(path, target) == target else _OUTSIDE
        folders.update(dict.fromkeys(package.folders(site_packages), package))
    links = Symlinks(targets)
    if any(folder in links for folder in folders):
        links.add_reached_through_links()
        for folder in sorted(folders):
            if links.resolve(folder) is None:
                raise _refusal(folders[folder], folder)
    if leaving := links.leaving():
        for package in packages:
            for path, is_link in package.files(site_packages):
                if not is_link and links.place(path) in leaving:
                    raise _refusal(package, path)


def _require_inside_existing(
    prefix: Path,
    packages: Sequence[UnpackedPackage],
    site_packages: str,
    wanted: Collection[str],
) -> None:
    """Refuse packages that would write through a link that the prefix has already."""
    root = prefix.resolve()
    exists = {"": True}
    replaced = _Replaced(prefix, {p.record.name.normalized for p in packages}, wanted)
    for package in packages:
        meets_others = False
        for folder in sorted(package.folders(site_packages)):
            if folder not in exists:
                # A folder whose parent does not exist needs no look at the disk.
                exists[folder] = exists[folder.rpartition("/")[0]] and (prefix / folder).is_dir()
                is_link_out = exists[folder] and _leaves(prefix / folder, root)
                if is_link_out and not replaced.owns(folder):
                    raise _refusal(package, folder)
            meets_others |= exists[folder]
        for path, is_link in package.files(site_packages) if meets_others else ():
            is_new = is_link or not exists[path.rpartition("/")[0]]
            if not is_new and _leaves(prefix / path, root) and not replaced.owns(path):
                raise _refusal(package, path)


def _leaves(path: Path, root: Path) -> bool:
    return path.is_symlink() and not path.resolve().is_relative_to(root)


class _Replaced:
    """Files of packages that are removed before anything is linked."""

    def __init__(self, prefix: Path, linked: Collection[str], wanted: Collection[str]) -> None:
        self._prefix = prefix
        self._linked = linked
        self._wanted = wanted
        self._files: set[str] | None = None

    def owns(self, path: str) -> bool:
        """Whether *path* is one of them."""
        if self._files is None:
            self._files = set()
            for file in (self._prefix / "conda-meta").glob("*.json"):
                try:
                    record = json.loads(file.read_bytes())
                    if record["name"] in self._linked or record["name"] not in self._wanted:
                        self._files.update(record["files"])
                except (ValueError, KeyError, TypeError, OSError, RecursionError):
                    continue
        return path in self._files


def _refusal(package: UnpackedPackage, path: str) -> PackageError:
    shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in path)
    what = "it would be written through a symbolic link that leaves the prefix"
    return PackageError(f"{identity(package.record)}: {shown}: {what}", ASK)
