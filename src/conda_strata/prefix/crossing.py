"""Packages against each other: none writes through another's symbolic link out of the prefix.

A link may point anywhere: packages of drivers name files of the system. Harm is done where another
package, or a later one, has a file at or below it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rattler import RepoDataRecord

from conda_strata.core.errors import PackageError
from conda_strata.lock.model import identity
from conda_strata.prefix.package_gate import Facts, files
from conda_strata.prefix.package_paths import folders_of
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
        for path, target in package.links(site_packages):
            # nobody knows which of two will be there
            links[path] = target if links.get(path, target) == target else "/"
        folders.update(dict.fromkeys(package.folders(site_packages), package))
    if links.keys() & folders.keys():
        _follow(links)
        for folder in sorted(folders):
            if _resolved(folder, links) is None:
                raise _refusal(folders[folder], folder)
    if leaving := {path for path in links if _resolved(path, links) is None}:
        for package in packages:
            for path, is_link in package.files(site_packages):
                if not is_link and _place(path, links) in leaving:
                    raise _refusal(package, path)
    _require_apart_from(prefix, packages, site_packages, wanted)


def _follow(links: dict[str, str]) -> None:
    """Add where links really come to be, when the folder they are in is reached through another."""
    for _ in range(_ROUNDS):
        places = {_place(path, links): target for path, target in links.items()}
        if places.keys() <= links.keys():
            return
        links |= {path: target for path, target in places.items() if path not in links}


def _place(path: str, links: Mapping[str, str]) -> str:
    """Return where *path* comes to be: links of its folders are followed, not itself."""
    above, _, name = path.rpartition("/")
    place = _resolved(above, links)
    return path if place is None else f"{place}/{name}".lstrip("/")


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
    root = prefix.resolve()
    there = {"": True}
    replaced = _Replaced(prefix, {p.record.name.normalized for p in packages}, wanted)
    for package in packages:
        meets_others = False
        for folder in sorted(package.folders(site_packages)):
            if folder not in there:
                # nothing can be in a folder that is not there; a new prefix has none
                there[folder] = there[folder.rpartition("/")[0]] and (prefix / folder).is_dir()
                is_free = not there[folder] or not _leaves(prefix / folder, root)
                if not is_free and not replaced.owns(folder):
                    raise _refusal(package, folder)
            meets_others |= there[folder]
        for path, is_link in package.files(site_packages) if meets_others else ():
            is_new = is_link or not there[path.rpartition("/")[0]]
            if not is_new and _leaves(prefix / path, root) and not replaced.owns(path):
                raise _refusal(package, path)


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


def _refusal(package: Vetted, path: str) -> PackageError:
    shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in path)
    what = "it would be written through a symbolic link that leaves the prefix"
    return PackageError(f"{identity(package.record)}: {shown}: {what}", ASK)
