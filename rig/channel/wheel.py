"""Read a wheel: its metadata, and where each of its files goes in a conda environment."""

from __future__ import annotations

import configparser
import email.parser
import email.policy
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import parse_wheel_filename

from rig.machine.errors import RigError


@dataclass(frozen=True)
class Wheel:
    """What a wheel says about itself. `scripts` are entry points, "name = module:function"."""

    path: Path
    name: str
    version: str
    pure: bool
    requires: tuple[Requirement, ...]
    requires_python: SpecifierSet
    scripts: tuple[str, ...]
    summary: str


@dataclass(frozen=True)
class Member:
    """A file of a wheel, and its place in a conda package."""

    source: str
    target: PurePosixPath
    executable: bool
    script: bool


def read(path: Path) -> Wheel:
    """Read a wheel's metadata.

    Raises
    ------
    RigError
        When the file is no wheel.
    """
    name, version, _, tags = parse_wheel_filename(path.name)
    try:
        with zipfile.ZipFile(path) as archive:
            info = _info(archive)
            policy = email.policy.compat32
            text = archive.read(f"{info}/METADATA").decode()
            metadata = email.parser.Parser(policy=policy).parsestr(text, headersonly=True)
            names = set(archive.namelist())
            points = f"{info}/entry_points.txt"
            scripts = _scripts(archive.read(points).decode()) if points in names else ()
    except (zipfile.BadZipFile, KeyError) as error:
        raise RigError(f"{path} is not a whole wheel: {error}. Delete it and try again.") from error
    return Wheel(
        path=path,
        name=name,
        version=str(version),
        pure=all(tag.platform == "any" and tag.abi == "none" for tag in tags),
        requires=tuple(Requirement(line) for line in metadata.get_all("Requires-Dist", [])),
        requires_python=SpecifierSet(metadata.get("Requires-Python") or ""),
        scripts=scripts,
        summary=metadata.get("Summary") or "",
    )


def members(wheel: Wheel, python: str) -> Iterator[Member]:
    """Yield the files of a wheel with their places in a conda package.

    A pure wheel becomes a `noarch: python` package, whose two special folders rattler moves to
    the right place at installation; the others are laid out for this `python` ("3.11").
    """
    site, scripts = layout(wheel, python)
    with zipfile.ZipFile(wheel.path) as archive:
        data = _info(archive).removesuffix(".dist-info") + ".data"
        for entry in archive.infolist():
            path = PurePosixPath(entry.filename)
            if entry.is_dir() or "__pycache__" in path.parts or path.suffix == ".pyc":
                continue
            _refuse_escape(wheel, path)
            # As pip does: the executable bit is the only mode that a wheel can ask for.
            executable = bool(entry.external_attr >> 16 & 0o111)
            script = False
            if path.parts[0] != data:
                target = site / path
            else:
                kind, rest = path.parts[1], PurePosixPath(*path.parts[2:])
                script = kind == "scripts"
                roots = {
                    "purelib": site,
                    "platlib": site,
                    "scripts": scripts,
                    "data": PurePosixPath(),
                    "headers": PurePosixPath("include", f"python{python}", wheel.name),
                }
                if kind not in roots:
                    raise RigError(f"{wheel.path.name} has a data folder of unknown kind: {kind}")
                target = roots[kind] / rest
            yield Member(entry.filename, target, executable or script, script)


def layout(wheel: Wheel, python: str) -> tuple[PurePosixPath, PurePosixPath]:
    """Return where a package made of this wheel keeps its modules and its scripts."""
    if wheel.pure:
        return PurePosixPath("site-packages"), PurePosixPath("python-scripts")
    return PurePosixPath("lib", f"python{python}", "site-packages"), PurePosixPath("bin")


def installed_path(member: Member, wheel: Wheel, python: str) -> str:
    """Return where a file of a wheel's package is once the package is installed."""
    site, scripts = layout(wheel, python)
    if member.target.is_relative_to(site):
        return f"lib/python{python}/site-packages/{member.target.relative_to(site)}"
    if member.target.is_relative_to(scripts):
        return f"bin/{member.target.relative_to(scripts)}"
    return str(member.target)


def installed_paths(wheel: Wheel, python: str) -> set[str]:
    """Return every path that the package of this wheel has once it is installed."""
    entry_points = {f"bin/{entry.split(' = ')[0]}" for entry in wheel.scripts}
    return entry_points | {installed_path(one, wheel, python) for one in members(wheel, python)}


def collisions(wheels: Iterable[Wheel], python: str) -> dict[str, frozenset[str]]:
    """Return, by wheel name, the installed paths that an earlier wheel (by name) has already.

    Across image layers the last copy of a path wins silently, so a channel for experiments with
    layers has one owner for each path.
    """
    owned = set[str]()
    lost: dict[str, frozenset[str]] = {}
    for wheel in sorted(wheels, key=lambda wheel: wheel.name):
        paths = installed_paths(wheel, python)
        if both := owned & paths:
            lost[wheel.name] = frozenset(both)
        owned |= paths
    return lost


def _info(archive: zipfile.ZipFile) -> str:
    """Return the name of the wheel's own metadata folder; vendored ones lie deeper."""
    for name in archive.namelist():
        top, _, rest = name.partition("/")
        if top.endswith(".dist-info") and rest == "METADATA":
            return top
    raise KeyError("no METADATA")


def _scripts(text: str) -> tuple[str, ...]:
    """Return the console and window scripts that an entry_points.txt declares."""
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # names keep their case
    parser.read_string(text)
    found = []
    for section in ("console_scripts", "gui_scripts"):
        if parser.has_section(section):
            for name, target in parser.items(section):
                function = target.split("[")[0].strip()  # extras of a script are long obsolete
                found.append(f"{_script_name(name)} = {function}")
    return tuple(sorted(found))


def _script_name(name: str) -> str:
    """Return a script's name, refusing one that is a path.

    Raises
    ------
    RigError
        When it would land outside the scripts folder.
    """
    if "/" in name or name.startswith("."):
        raise RigError(f"An entry point is called '{name}', which is a path.")
    return name


def _refuse_escape(wheel: Wheel, path: PurePosixPath) -> None:
    if path.is_absolute() or ".." in path.parts:
        raise RigError(f"{wheel.path.name} has a file outside its own folder: {path}")
