"""One environment file: conda's ``environment.yml``, read with the place of every entry."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from conda_strata.core.errors import ManifestError, UsageError
from conda_strata.spec import platforms, selectors
from conda_strata.spec.dependency import Spec, check_channel, check_match_spec, check_requirement

_log = logging.getLogger(__name__)

_KNOWN = {
    "name",
    "channels",
    "platforms",
    "dependencies",
    "variables",
    "exclude-newer",
}


@dataclass
class EnvironmentFile:
    """What one file says; see :class:`conda_strata.spec.manifest.Manifest`."""

    specs: list[Spec] = field(default_factory=list)
    pip: list[Spec] = field(default_factory=list)
    channels: list[str] = field(default_factory=list)
    platforms: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    exclude_newer: str | None = None


def read(file: Path) -> EnvironmentFile:
    """Read an environment file.

    Raises
    ------
    ManifestError
        When it is not one; the message names file and line.
    """
    try:
        text = file.read_text("utf-8")
    except FileNotFoundError:
        raise ManifestError(f"{file} does not exist", "Name the environment file: -f.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ManifestError(f"{file} cannot be read: {error}") from error
    return _Reader(file, text).read()


class _Reader:
    def __init__(self, file: Path, text: str) -> None:
        self.file = file
        self.text = text
        self.lines = text.splitlines()

    def read(self) -> EnvironmentFile:
        fields = dict(self._fields())
        found = EnvironmentFile()
        self._dependencies(fields.get("dependencies"), found)
        found.channels = list(self._channels(fields.get("channels")))
        found.platforms = list(self._platforms(fields.get("platforms")))
        found.variables = dict(self._variables(fields.get("variables")))
        if (cutoff := fields.get("exclude-newer")) is not None:
            found.exclude_newer = str(cutoff.value)
        return found

    def _fields(self) -> Iterator[tuple[str, yaml.Node]]:
        try:
            root = yaml.compose(self.text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark else 1
            raise ManifestError(
                f"{self.file}:{line}: not YAML: {error.problem}",
                "Check the indentation and the quotes.",
            ) from error
        except yaml.YAMLError as error:
            raise ManifestError(f"{self.file} cannot be read: {error}") from error
        if not isinstance(root, yaml.MappingNode):
            raise ManifestError(
                f"{self.file}:1: an environment file is a mapping",
                "It starts with 'dependencies:'.",
            )
        seen: set[str] = set()
        for key, value in root.value:
            if key.value in seen:
                raise ManifestError(f"{self._at(key)}: {key.value!r} stands here a second time")
            seen.add(key.value)
            if key.value in _KNOWN:
                yield key.value, value
            else:
                _log.warning("%s: %r is not used by strata", self._at(key), key.value)

    def _dependencies(self, node: yaml.Node | None, found: EnvironmentFile) -> None:
        for item in self._sequence(node, "dependencies"):
            if isinstance(item, yaml.MappingNode):
                for key, value in item.value:
                    if key.value != "pip":
                        raise ManifestError(
                            f"{self._at(key)}: {key.value!r} cannot hold dependencies",
                            "Only 'pip:' has a list of its own; write 'name >=1' without a colon.",
                        )
                    for entry in self._texts(value, "pip"):
                        check_requirement(entry.value, self._at(entry))
                        found.pip.append(self._spec(entry))
            else:
                entry = self._text(item, "dependencies")
                check_match_spec(entry.value, self._at(entry))
                found.specs.append(self._spec(entry))

    def _spec(self, item: yaml.ScalarNode) -> Spec:
        rest = self.lines[item.end_mark.line][item.end_mark.column :]
        try:
            selector = selectors.find(rest.strip()) if "#" in rest else None
        except ValueError as error:
            raise ManifestError(
                f"{self._at(item)}: {str(error)!r} is no platform selector",
                f"Combine these with 'and', 'or', 'not': {', '.join(selectors.KNOWN)}.",
            ) from error
        return Spec(item.value, self.file, item.start_mark.line + 1, selector)

    def _channels(self, node: yaml.Node | None) -> Iterator[str]:
        for item in self._texts(node, "channels"):
            if item.value == "defaults":
                raise ManifestError(
                    f"{self._at(item)}: the channel 'defaults' is not supported",
                    "Use conda-forge (and 'nodefaults' to keep conda from adding it).",
                )
            if item.value != "nodefaults":
                check_channel(item.value, self._at(item))
                yield item.value

    def _platforms(self, node: yaml.Node | None) -> Iterator[str]:
        for item in self._texts(node, "platforms"):
            try:
                yield platforms.subdir(item.value)
            except UsageError as error:
                raise ManifestError(f"{self._at(item)}: {error.what}", error.fix) from error

    def _variables(self, node: yaml.Node | None) -> Iterator[tuple[str, str]]:
        if node is None or _is_empty(node):
            return
        if not isinstance(node, yaml.MappingNode):
            raise ManifestError(
                f"{self._at(node)}: 'variables' is a mapping", "Write 'NAME: text'."
            )
        for key, value in node.value:
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", str(key.value)):
                raise ManifestError(f"{self._at(key)}: {key.value!r} is no name of a variable")
            yield key.value, self._text(value, "variables").value

    def _sequence(self, node: yaml.Node | None, key: str) -> list[yaml.Node]:
        if node is None or _is_empty(node):
            return []
        if not isinstance(node, yaml.SequenceNode):
            raise ManifestError(
                f"{self._at(node)}: {key!r} is a list", "Start each line with '- '."
            )
        return list(node.value)

    def _texts(self, node: yaml.Node | None, key: str) -> Iterator[yaml.ScalarNode]:
        for item in self._sequence(node, key):
            yield self._text(item, key)

    def _text(self, node: yaml.Node, key: str) -> yaml.ScalarNode:
        if not isinstance(node, yaml.ScalarNode):
            raise ManifestError(f"{self._at(node)}: an entry of {key!r} is one line of text")
        return node

    def _at(self, node: yaml.Node) -> str:
        return f"{self.file}:{node.start_mark.line + 1}"


def _is_empty(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.value == ""
