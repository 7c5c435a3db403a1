"""Packages against each other: none writes through another's symbolic link out of the prefix.

A link may point anywhere: packages of drivers name files of the system. Harm is done where another
package, or a later one, has a file at or below it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rattler import RepoDataRecord

from conda_strata.core.errors import PackageError
from conda_strata.lock.model import identity
from conda_strata.prefix.package_gate import Facts, File, files
from conda_strata.rattler.extraction import ASK

_HOPS = 40
_ROUNDS = 8


@dataclass(frozen=True)
class Vetted:
    """A package that is about to be linked.

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

    def brought(self, site_packages: str) -> Iterator[File]:
        """Yield its files, where they go in a prefix."""
        for file in files(self.record, self.folder):
            path = _mapped(file.path, site_packages) if self.facts.noarch else file.path
            yield File(path, file.is_link)

    def placed(self, paths: Iterable[str], site_packages: str) -> Iterator[str]:
        """Yield *paths* of it, where they go in a prefix."""
        if not self.facts.noarch:
            yield from paths
            return
        for path in paths:
            yield _mapped(path, site_packages)


def require_apart(
    packages: Sequence[Vetted], prefix: Path, site_packages: str, wanted: Collection[str]
) -> None:
    """Refuse packages that would together write out of *prefix*.

    Parameters
    ----------
    packages
        Those that are about to be linked, each of which is vetted.
    prefix
        Where to; what it holds already is looked at too.
    site_packages
        Where the modules of the prefix's Python are.
    wanted
        Names of all packages that it shall hold.

    Raises
    ------
    PackageError
        Naming the package, the path and the link.
    """
    links: dict[str, str] = {}
    folders: dict[str, Vetted] = {}
    for package in packages:
        for path, target in package.facts.links.items():
            (placed,) = package.placed([path], site_packages)
            links[placed] = target.replace("\\", "/") if _is_windows(package) else target
        for folder in package.placed(package.facts.folders, site_packages):
            folders.setdefault(folder, package)
    through = links.keys() & folders.keys()
    _follow(links, folders.keys() if through else ())
    for folder in sorted(through):
        if _resolved(folder, links) is None:
            raise _refusal(folders[folder], folder)
    if leaving := {path for path in links if _resolved(path, links) is None}:
        for package in packages:
            for file in package.brought(site_packages):
                if file.path in leaving and not file.is_link:
                    raise _refusal(package, file.path)
    _require_apart_from(prefix, packages, site_packages, wanted)


def _mapped(path: str, site_packages: str) -> str:
    """Return where rattler links a path of a noarch package of Python."""
    first, _, rest = path.partition("/")
    if first == "site-packages":
        return f"{site_packages}/{rest}" if rest else site_packages
    if first == "python-scripts":
        scripts = "Scripts" if site_packages.startswith("Lib") else "bin"
        return f"{scripts}/{rest}" if rest else scripts
    return path


def _follow(links: dict[str, str], folders: Collection[str]) -> None:
    """Add where links really come to be, when the folder they are in is reached through another."""
    if not folders:
        return
    for _ in range(_ROUNDS):
        added = {}
        for path, target in links.items():
            above, _, name = path.rpartition("/")
            place = _resolved(above, links)
            real = f"{place}/{name}" if place else name
            if place is not None and real not in links:
                added[real] = target
        if not added:
            return
        links |= added


def _resolved(path: str, links: Mapping[str, str]) -> str | None:
    """Return what *path* is once its links are followed; None when that leaves the prefix."""
    pending = path.split("/")[::-1]
    done: list[str] = []
    hops = 0
    while pending:
        part = pending.pop()
        if part in {"", "."}:
            continue
        if part == "..":
            if not done:
                return None
            done.pop()
            continue
        done.append(part)
        target = links.get("/".join(done))
        if target is None:
            continue
        hops += 1
        if hops > _HOPS or target.startswith("/") or target[1:2] == ":":
            return None
        done.pop()
        pending += target.split("/")[::-1]
    return "/".join(done)


def _require_apart_from(
    prefix: Path, packages: Sequence[Vetted], site_packages: str, wanted: Collection[str]
) -> None:
    """Refuse packages that would write through a link that is in the prefix already."""
    there: dict[str, bool] = {"": True}
    root = prefix.resolve()
    replaced = _Replaced(prefix, {p.record.name.normalized for p in packages}, wanted)
    for package in packages:
        is_there = False
        for folder in sorted(package.placed(package.facts.folders, site_packages)):
            if folder in there:
                is_there |= there[folder]
                continue
            if not there[folder.rpartition("/")[0]]:
                there[folder] = False
                continue
            place = prefix / folder
            there[folder] = place.is_dir()
            is_there |= there[folder]
            if _leaves(place, root) and not replaced.owns(folder):
                raise _refusal(package, folder)
        if not is_there:
            continue
        for file in package.brought(site_packages):
            place = prefix / file.path
            if file.is_link or not there.get(file.path.rpartition("/")[0]):
                continue
            if place.is_symlink() and _leaves(place, root) and not replaced.owns(file.path):
                raise _refusal(package, file.path)


def _leaves(place: Path, root: Path) -> bool:
    return place.is_symlink() and not place.resolve().is_relative_to(root)


class _Replaced:
    """What belongs to packages that are removed before anything is linked."""

    def __init__(self, prefix: Path, linked: Collection[str], wanted: Collection[str]) -> None:
        self._prefix = prefix
        self._linked = linked
        self._wanted = wanted
        self._files: set[str] | None = None

    def owns(self, path: str) -> bool:
        """Whether *path* will be gone."""
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


def _is_windows(package: Vetted) -> bool:
    return package.record.subdir.startswith("win-")


def _refusal(package: Vetted, path: str) -> PackageError:
    shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in path)
    what = "it would be written through a symbolic link that leaves the prefix"
    return PackageError(f"{identity(package.record)}: {shown}: {what}", ASK)
