"""A loose environment file from an exported one, which holds what one machine had.

``conda env export`` lists every package with the build of its platform. Left out are builds, what
other listed packages bring along, and the folder that it came from.
"""

from __future__ import annotations

import asyncio
import difflib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rattler import Channel, Gateway, MatchSpec, Subdir
from rattler.exceptions import FetchRepoDataError, GatewayError, IoError

from conda_strata.rattler import channels
from conda_strata.rattler.errors import retrying, unreadable_channel
from conda_strata.spec import channel_names, environment_file, limited_text, platforms
from conda_strata.spec.dependency import Spec, package_name

_KEPT = {"python", "r-base", "pip"}
"""What people mean to choose although much depends on it."""

_ENTRY = re.compile(r"(\s*-\s+)(['\"]?)(.*?)\2(\s*(?:#.*)?)")


@dataclass(frozen=True)
class Loose:
    """The loose file.

    Attributes
    ----------
    text
        Its content.
    changes
        What is different, as the lines of a diff; none where it was loose before.
    unknown
        Packages of the file that no channel has as they are pinned: what they depend on is not known.
    """

    text: str
    changes: tuple[str, ...]
    unknown: tuple[str, ...]


def loosened(file: Path) -> Loose:
    """Return *file* without builds, dependencies of others, and ``prefix:``.

    Raises
    ------
    ManifestError
        When it is no environment file.
    NetworkError
        When a channel cannot be read.
    """
    text = limited_text.read(file)
    read = environment_file.read(file)
    named = channel_names.each_once(read.channels or ["conda-forge"])
    depends = retrying(lambda: asyncio.run(_depends(named, read.specs)))
    names = [package_name(spec.text) for spec in read.specs]
    brought = _brought(names, depends)
    unknown = tuple(name for name in names if name not in depends and not name.startswith("__"))
    by_line = {spec.line: spec for spec in read.specs}
    lines = []
    for number, line in enumerate(text.splitlines(), 1):
        spec = by_line.get(number)
        entry = _ENTRY.fullmatch(line)
        if spec and entry and package_name(spec.text) in brought:
            continue
        if spec and entry:
            lines.append(f"{entry[1]}{_without_build(spec.text)}{entry[4]}")
        elif not re.match(r"prefix\s*:", line):
            lines.append(line)
    changes = difflib.unified_diff(
        text.splitlines(), lines, str(file), f"{file} (loose)", lineterm=""
    )
    return Loose("\n".join(lines) + "\n", tuple(changes), unknown)


def _without_build(text: str) -> str:
    """Return a spec without its build string; an exact version may have another on each platform."""
    spec = MatchSpec(text)
    if not spec.build or "[" in text:
        return text
    channel, mark, _ = text.rpartition("::")
    version = str(spec.version or "").replace("==", "=")
    return f"{channel}{mark}{package_name(text)} {version}".rstrip()


def _brought(names: Sequence[str], depends: Mapping[str, Collection[str]]) -> set[str]:
    """Return the packages that others of *names* bring along; of a circle, the first is kept."""
    brought: set[str] = set()
    for name in reversed(names):
        others = (o for o in names if o != name and o not in brought)
        if name not in _KEPT and any(name in depends.get(other, ()) for other in others):
            brought.add(name)
    return brought


async def _depends(named: Sequence[str], specs: Iterable[Spec]) -> dict[str, set[str]]:
    """Return package to the names that it depends on, of any platform that has it as pinned."""
    gateway = channels.gateway()
    sources = [Channel(name) for name in named]
    wanted = [spec for spec in specs if not package_name(spec.text).startswith("__")]
    subdirs: list[Subdir | str] = [*map(Subdir, platforms.VIRTUAL_PACKAGES), "noarch"]
    try:
        return await _ask(gateway, sources, subdirs, wanted)
    except (GatewayError, FetchRepoDataError, IoError) as error:
        raise unreadable_channel(error, [c.base_url for c in sources]) from error


async def _ask(
    gateway: Gateway,
    sources: Sequence[Channel],
    subdirs: Sequence[Subdir | str],
    wanted: Sequence[Spec],
) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    names = list(dict.fromkeys(package_name(spec.text) for spec in wanted))
    answer = await gateway.query(list(sources), list(subdirs), names, recursive=False)  # type: ignore[arg-type]
    records = [record for repodata in answer for record in repodata]
    by_name: dict[str, list[MatchSpec]] = {}
    for spec in wanted:
        by_name.setdefault(package_name(spec.text), []).append(MatchSpec(spec.text))
    for record in records:
        name = record.name.normalized
        if any(spec.matches(record) for spec in by_name.get(name, ())):
            found.setdefault(name, set()).update(map(package_name, record.depends))
    return found
