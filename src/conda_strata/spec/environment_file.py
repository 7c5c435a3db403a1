"""One environment file: conda's ``environment.yml``, read with the place of every entry."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from conda_strata.core.errors import ManifestError, UsageError
from conda_strata.core.log import logger
from conda_strata.spec import (
    channel_names,
    dependency_list,
    file_keys,
    limited_text,
    limited_yaml,
    platforms,
    requirement,
    stray_selectors,
)
from conda_strata.spec.dependency import PipList, Spec
from conda_strata.spec.refusals import Refusals
from conda_strata.spec.yaml_nodes import Nodes, is_empty

_log = logger(__name__)

_MEANT = {
    "link-scripts": "whose post-link scripts may run",
    "build": "of the 'pip:' list that may be built from their sources",
}


class EnvironmentFile:
    """The content of one file; see :class:`conda_strata.spec.manifest.Manifest`."""

    def __init__(self) -> None:
        self.specs: list[Spec] = []
        self.pip = PipList()
        self.channels: list[str] = []
        self.platforms: list[str] = []
        self.variables: dict[str, str] = {}
        self.exclude_newer: str | None = None
        self.link_scripts: list[Spec] = []
        self.build: list[Spec] = []


def read(file: Path, text: str | None = None) -> EnvironmentFile:
    """Read an environment file, or what it will be: *text*.

    Raises
    ------
    ManifestError
        When it is not one; the message names file and line of all that is refused.
    """
    reader = _Reader(file, limited_text.read(file) if text is None else text)
    found = reader.read()
    reader.refusals.raise_all()
    return found


class _Reader:
    def __init__(self, file: Path, text: str) -> None:
        self.nodes = Nodes(file, text)
        self.refusals = Refusals()

    def read(self) -> EnvironmentFile:
        fields = dict(self._fields())
        found = EnvironmentFile()
        dependency_list.read(self.nodes, fields.get("dependencies"), self.refusals, found)
        found.channels = list(self._channels(fields.get("channels")))
        found.platforms = list(self._platforms(fields.get("platforms")))
        for key, into in (("link-scripts", found.link_scripts), ("build", found.build)):
            into += self._names(fields.get(key), key)
        built = {requirement.normalized(spec.text) for spec in found.build}
        for spec in (*found.pip.specs, *found.pip.constraints):
            with self.refusals.collected():
                requirement.require_built(spec.text, spec.where, built)
        with self.refusals.collected():
            found.variables = dict(self._variables(fields.get("variables")))
        with self.refusals.collected():
            if (cutoff := fields.get("exclude-newer")) is not None:
                found.exclude_newer = self.nodes.scalar(cutoff, "exclude-newer").value
        self._stray_selectors(fields)
        return found

    def _fields(self) -> Iterator[tuple[str, yaml.Node]]:
        root = limited_yaml.compose(self.nodes.file, self.nodes.text)
        if not isinstance(root, yaml.MappingNode):
            raise ManifestError(
                f"{self.nodes.file}:1: an environment file is a mapping",
                "It starts with 'dependencies:'.",
            )
        seen: set[str] = set()
        lists: list[tuple[str, str]] = []
        for key, value in self.nodes.pairs(root):
            name = self.nodes.key(key)
            if name in seen:
                raise ManifestError(f"{self.nodes.at(key)}: {name!r} is listed a second time")
            seen.add(name)
            if name in file_keys.KNOWN:
                yield name, value
                continue
            with self.refusals.collected():
                file_keys.refuse_near_miss(name, self.nodes.at(key))
                _log.warning("%s: %r is not used by strata", self.nodes.at(key), name)
                if isinstance(value, yaml.SequenceNode) and value.value:
                    lists.append((name, self.nodes.at(key)))
        for name, where in lists:
            with self.refusals.collected():
                file_keys.refuse_lost_packages(name, where, has_dependencies="dependencies" in seen)

    def _channels(self, node: yaml.Node | None) -> Iterator[str]:
        for item in self._sequence(node, "channels"):
            with self.refusals.collected():
                name = self.nodes.line(item, "channels").value.strip()
                if name == "nodefaults":
                    continue
                if name == channel_names.DEFAULTS:
                    _log.warning(
                        "%s: 'defaults' are the channels of Anaconda (repo.anaconda.com), whose "
                        "terms ask larger organisations for a licence; conda-forge has most of it",
                        self.nodes.at(item),
                    )
                channels = channel_names.expanded(name)
                for one in channels:
                    channel_names.check(one, self.nodes.at(item))
                    yield channel_names.canonical(one) if "://" in one else one

    def _platforms(self, node: yaml.Node | None) -> Iterator[str]:
        for item in self._sequence(node, "platforms"):
            with self.refusals.collected():
                name = self.nodes.line(item, "platforms").value
                try:
                    yield platforms.subdir(name)
                except UsageError as error:
                    raise ManifestError(
                        f"{self.nodes.at(item)}: {error.what}", error.fix
                    ) from error

    def _names(self, node: yaml.Node | None, key: str) -> Iterator[Spec]:
        for item in self._sequence(node, key):
            with self.refusals.collected():
                entry = self.nodes.line(item, key)
                if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", entry.value):
                    raise ManifestError(
                        f"{self.nodes.at(item)}: {entry.value!r} is no name of a package",
                        f"List names of packages {_MEANT[key]}, without versions.",
                    )
                yield self.nodes.spec(entry, entry.value)

    def _variables(self, node: yaml.Node | None) -> Iterator[tuple[str, str]]:
        if node is None or is_empty(node):
            return
        if not isinstance(node, yaml.MappingNode):
            raise ManifestError(
                f"{self.nodes.at(node)}: 'variables' is a mapping", "Write 'NAME: text'."
            )
        for key, value in self.nodes.pairs(node):
            name = self.nodes.key(key)
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
                raise ManifestError(f"{self.nodes.at(key)}: {name!r} is no name of a variable")
            yield name, self.nodes.scalar(value, "variables").value

    def _sequence(self, node: yaml.Node | None, key: str) -> list[yaml.Node]:
        with self.refusals.collected():
            return self.nodes.sequence(node, key)
        return []

    def _stray_selectors(self, fields: dict[str, yaml.Node]) -> None:
        for key in ("channels", "platforms", "variables", "build"):
            if (node := fields.get(key)) is not None:
                for place, selector in stray_selectors.find(self.nodes, node):
                    with self.refusals.collected():
                        stray_selectors.refuse(place, selector, key)
