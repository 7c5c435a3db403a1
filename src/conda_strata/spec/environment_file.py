"""One environment file: conda's ``environment.yml``, read with the place of every entry."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from conda_strata.core.errors import ManifestError, UsageError
from conda_strata.spec import limited_yaml, platforms, selectors
from conda_strata.spec.dependency import Spec, check_channel, check_match_spec, check_requirement

_log = logging.getLogger(__name__)

_LONGEST = 1000
"""Characters of an entry at most, because the parsers of versions and markers are recursive."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

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
    """The content of one file; see :class:`conda_strata.spec.manifest.Manifest`."""

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
    return _Reader(file, limited_yaml.read_text(file)).read()


class _Reader:
    def __init__(self, file: Path, text: str) -> None:
        self.file = file
        self.text = text

    def read(self) -> EnvironmentFile:
        fields = dict(self._fields())
        found = EnvironmentFile()
        self._dependencies(fields.get("dependencies"), found)
        found.channels = list(self._channels(fields.get("channels")))
        found.platforms = list(self._platforms(fields.get("platforms")))
        found.variables = dict(self._variables(fields.get("variables")))
        if (cutoff := fields.get("exclude-newer")) is not None:
            found.exclude_newer = self._text(cutoff, "exclude-newer").value
        return found

    def _fields(self) -> Iterator[tuple[str, yaml.Node]]:
        root = limited_yaml.compose(self.file, self.text)
        if not isinstance(root, yaml.MappingNode):
            raise ManifestError(
                f"{self.file}:1: an environment file is a mapping",
                "It starts with 'dependencies:'.",
            )
        seen: set[str] = set()
        for key, value in root.value:
            name = self._key(key)
            if name in seen:
                raise ManifestError(f"{self._at(key)}: {name!r} is listed a second time")
            seen.add(name)
            if name in _KNOWN:
                yield name, value
            else:
                _log.warning("%s: %r is not used by strata", self._at(key), name)

    def _dependencies(self, node: yaml.Node | None, found: EnvironmentFile) -> None:
        for item in self._sequence(node, "dependencies"):
            if isinstance(item, yaml.MappingNode):
                for key, value in item.value:
                    if self._key(key) != "pip":
                        raise ManifestError(
                            f"{self._at(key)}: {self._shown(key)} cannot hold dependencies",
                            "Only 'pip:' has a list of its own; write 'name >=1' without a colon.",
                        )
                    for entry in self._lines(value, "pip"):
                        check_requirement(entry.value, self._at(entry))
                        found.pip.append(self._spec(entry))
            else:
                entry = self._line(item, "dependencies")
                check_match_spec(entry.value, self._at(entry))
                found.specs.append(self._spec(entry))

    def _spec(self, item: yaml.ScalarNode) -> Spec:
        # By index, because YAML and str.splitlines() disagree on what ends a line.
        rest = re.split(r"[\r\n\x85\u2028\u2029]", self.text[item.end_mark.index :], maxsplit=1)[0]
        try:
            selector = selectors.find(rest.strip()) if "#" in rest else None
        except ValueError as error:
            raise ManifestError(
                f"{self._at(item)}: {str(error)!r} is no platform selector",
                f"Combine these with 'and', 'or', 'not': {', '.join(selectors.KNOWN)}.",
            ) from error
        return Spec(item.value, self.file, item.start_mark.line + 1, selector)

    def _channels(self, node: yaml.Node | None) -> Iterator[str]:
        for item in self._lines(node, "channels"):
            if item.value == "defaults":
                raise ManifestError(
                    f"{self._at(item)}: the channel 'defaults' is not supported",
                    "Use conda-forge.",
                )
            if item.value != "nodefaults":
                check_channel(item.value, self._at(item))
                yield item.value

    def _platforms(self, node: yaml.Node | None) -> Iterator[str]:
        for item in self._lines(node, "platforms"):
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
            name = self._key(key)
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
                raise ManifestError(f"{self._at(key)}: {name!r} is no name of a variable")
            yield name, self._text(value, "variables").value

    def _sequence(self, node: yaml.Node | None, key: str) -> list[yaml.Node]:
        if node is None or _is_empty(node):
            return []
        if not isinstance(node, yaml.SequenceNode):
            raise ManifestError(
                f"{self._at(node)}: {key!r} is a list", "Start each line with '- '."
            )
        return list(node.value)

    def _lines(self, node: yaml.Node | None, key: str) -> Iterator[yaml.ScalarNode]:
        for item in self._sequence(node, key):
            yield self._line(item, key)

    def _line(self, node: yaml.Node, key: str) -> yaml.ScalarNode:
        """Return an entry of a list; a block (``|``, ``>``) leaves no place for a selector."""
        text = self._text(node, key)
        if text.style in {"|", ">"} or re.search(r"[\n\t]", text.value):
            raise ManifestError(
                f"{self._at(node)}: an entry of {key!r} is one line of text",
                "Write it behind '- ', without '|' or '>'.",
            )
        if not text.value.strip():
            raise ManifestError(f"{self._at(node)}: an entry of {key!r} is empty", "Take it out.")
        if len(text.value) > _LONGEST:
            raise ManifestError(
                f"{self._at(node)}: an entry of {key!r} is longer than {_LONGEST} characters"
            )
        return text

    def _text(self, node: yaml.Node, key: str) -> yaml.ScalarNode:
        if not isinstance(node, yaml.ScalarNode):
            raise ManifestError(f"{self._at(node)}: an entry of {key!r} is one line of text")
        if found := _CONTROL.search(node.value):
            raise ManifestError(
                f"{self._at(node)}: an entry of {key!r} has the control character "
                f"U+{ord(found[0]):04X}",
                "Take it out.",
            )
        return node

    def _key(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise ManifestError(
                f"{self._at(node)}: the name before a colon is a list or a mapping",
                "Write 'NAME: …'.",
            )
        return str(node.value)

    def _shown(self, node: yaml.Node) -> str:
        """Return the name before a colon, unless that is a piece of a URL with its password."""
        name = self._key(node)
        return "this entry" if re.search(r"[@/\\]", name) else repr(name)

    def _at(self, node: yaml.Node) -> str:
        return f"{self.file}:{node.start_mark.line + 1}"


def _is_empty(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.value == ""
