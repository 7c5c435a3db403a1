"""The gate for wheels: what is looked at before the first file of a wheel is written.

A wheel is an archive from a stranger. It may only write below the environment, and only what
installing a Python package takes.
"""

from __future__ import annotations

import configparser
import re
import stat
from collections.abc import Collection, Iterator
from pathlib import PurePosixPath
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipInfo

from installer.exceptions import InstallerError
from installer.records import InvalidRecordEntry, parse_record_file
from installer.sources import WheelFile
from installer.utils import SCHEME_NAMES, parse_entrypoints, parse_metadata_file
from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from conda_strata.core.errors import NetworkError
from conda_strata.pypi.wheel import Wheel

FACTOR, SMALL = 100, 64 * 1024 * 1024
"""What a wheel may become unpacked: this many times its size, or this many bytes if more."""

MOST_FILES = 200_000

_COMMAND = re.compile(r"\w[\w.+-]*")
_PYTHONS = re.compile(
    r"(?:lib|lib64)/(?:python|pypy)[^/]*/site-packages(?:/|$)|lib/site-packages", re.IGNORECASE
)


class WheelError(NetworkError):
    """A wheel that is not installed, whatever the lock says.

    Parameters
    ----------
    wheel
        The wheel.
    path
        The file in it that breaks a rule.
    rule
        The rule.
    """

    def __init__(self, wheel: Wheel, path: str, rule: str) -> None:
        super().__init__(
            f"the wheel {wheel.name} {wheel.version} is refused: {_shown(path)}: {_shown(rule)}",
            "Ask for another version, take the package from conda, or tell the wheel's authors.",
        )


def faults(
    source: WheelFile,
    items: list[ZipInfo],
    size: int,
    wheel: Wheel,
    folder: str,
    fitting: Collection[Tag],
) -> Iterator[tuple[str, str]]:
    """Yield path and rule where a wheel would write elsewhere, or what no Python package writes.

    Parameters
    ----------
    source, items, size
        The wheel's archive, its entries, and its bytes.
    wheel
        What the lock has of it.
    folder
        Where Python packages lie in the environment, relative to its prefix.
    fitting
        The tags of wheels that fit the environment.
    """
    yield from _name_faults(wheel, fitting)
    unpacked = sum(item.file_size for item in items)
    if len(items) > MOST_FILES:
        yield wheel.file_name, f"it has more than {MOST_FILES} files"
    # not by what the entries say they take: they may all lie on the same bytes
    if unpacked > max(SMALL, FACTOR * size):
        yield wheel.file_name, f"{size} bytes become {unpacked}, more than {FACTOR} times as many"
    for item in items:
        yield from ((item.filename, rule) for rule in _entry_faults(item))
    yield from _shape_faults([item.filename for item in items])
    info = ""
    try:
        info = source.dist_info_dir
        yield from _metadata_faults(source, info, wheel)
    except InvalidRecordEntry as error:
        yield f"{info}/RECORD", f"it cannot be understood ({error})"
        return
    except (InstallerError, ValueError, KeyError) as error:
        yield wheel.file_name, f"it is no wheel ({error})"
        return
    for item in items:
        yield from _place_faults(item.filename, source.data_dir, folder)


def _name_faults(wheel: Wheel, fitting: Collection[Tag]) -> Iterator[tuple[str, str]]:
    try:
        _, _, _, tags = parse_wheel_filename(wheel.file_name)
    except InvalidWheelFilename:
        yield wheel.file_name, "it is no file name of a wheel"
        return
    if tags.isdisjoint(fitting):
        yield wheel.file_name, "its tags do not fit the environment's Python and platform"


def _entry_faults(item: ZipInfo) -> Iterator[str]:
    kind = stat.S_IFMT(item.external_attr >> 16)
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR} or bool(kind) * item.is_dir() != (
        kind == stat.S_IFDIR
    ):
        yield "it is a link or a device, and wheels hold files only"
    if item.flag_bits & 0x1:
        yield "it is encrypted"
    if item.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
        yield "it is compressed in a way that wheels do not use"
    if item.orig_filename != item.filename:
        yield "its name has a null or a backslash"
    yield from _path_faults(item.filename.removesuffix("/"))


def _path_faults(path: str) -> Iterator[str]:
    if not path.isprintable():
        yield "its name has control characters"
    if "\\" in path or re.match("[A-Za-z]:", path) or path.startswith("/"):
        yield "it is no relative path with forward slashes"
    if any(part in {"", ".", ".."} for part in path.split("/")):
        yield "it has an empty part, '.' or '..'"
    if len(path) > 1000 or any(
        len(part.encode("utf-8", "replace")) > 255 for part in path.split("/")
    ):
        yield "its name is too long"


def _shape_faults(names: list[str]) -> Iterator[tuple[str, str]]:
    files: set[str] = set()
    for name in names:
        if name in files:
            yield name, "it is in the archive twice"
        files.add(name)
    plain = {name for name in files if not name.endswith("/")}
    for name in sorted(files):
        for parent in PurePosixPath(name).parents:
            if str(parent) in plain:
                yield str(parent), "it is a file and a folder"


def _metadata_faults(source: WheelFile, info: str, wheel: Wheel) -> Iterator[tuple[str, str]]:
    described = parse_metadata_file(source.read_dist_info("METADATA"))
    if canonicalize_name(str(described["Name"])) != canonicalize_name(wheel.name):
        yield f"{info}/METADATA", f"it is called {described['Name']!a}, not {wheel.name}"
    layout = parse_metadata_file(source.read_dist_info("WHEEL"))
    if not str(layout["Wheel-Version"]).startswith("1."):
        yield f"{info}/WHEEL", f"its Wheel-Version is {layout['Wheel-Version']!a}, and 1.x is known"
    for path, _, _ in parse_record_file(source.read_dist_info("RECORD").splitlines()):
        yield from ((f"{path} (in {info}/RECORD)", rule) for rule in _path_faults(path))
    if "entry_points.txt" in source.dist_info_filenames:
        try:
            commands = [
                one[0] for one in parse_entrypoints(source.read_dist_info("entry_points.txt"))
            ]
        except (AssertionError, configparser.Error, UnicodeDecodeError):
            yield f"{info}/entry_points.txt", "it cannot be understood"
            return
        for command in commands:
            if not _COMMAND.fullmatch(command):
                yield f"{info}/entry_points.txt", f"{command!a} is no name of a command"


def _place_faults(path: str, data: str, folder: str) -> Iterator[tuple[str, str]]:
    parts = path.removesuffix("/").split("/")
    if parts[0] != data or path == f"{data}/":
        return
    if len(parts) == 1 or parts[1] not in SCHEME_NAMES or (len(parts) == 2 and path[-1] != "/"):
        yield path, f"{data} holds only the folders {', '.join(sorted(SCHEME_NAMES))}"
        return
    inside = "/".join(parts[2:])
    if parts[1] == "data" and _PYTHONS.match(inside) and not f"{inside}/".startswith(f"{folder}/"):
        yield path, f"it is for another Python; the environment's packages lie in {folder}"
    if parts[1] == "data" and parts[2:3] == ["conda-meta"]:
        yield path, "conda-meta holds the records of conda packages only"


def _shown(text: str) -> str:
    """Return *text*, shortened, with what a terminal would obey written out."""
    return (text if text.isprintable() and text.isascii() else ascii(text)[1:-1])[:300]
