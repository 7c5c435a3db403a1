"""The nodes of a YAML file as the entries of an environment file, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from conda_strata.core.errors import ManifestError
from conda_strata.spec import selectors
from conda_strata.spec.dependency import Spec

_LONGEST = 1000
"""Characters of an entry at most, because the parsers of versions and markers are recursive."""

_CONTROL = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
_END_OF_LINE = re.compile(r"[\r\n\x85\u2028\u2029]")
_NULL = "tag:yaml.org,2002:null"
_MERGE = "tag:yaml.org,2002:merge"


class Nodes:
    """Reads the nodes of one file.

    Parameters
    ----------
    file
        For messages.
    text
        Its content, because the selectors are in the comments.
    """

    def __init__(self, file: Path, text: str) -> None:
        self.file = file
        self.text = text

    def at(self, node: yaml.Node) -> str:
        """Return the place of *node*, as ``file:line``."""
        return f"{self.file}:{node.start_mark.line + 1}"

    def pairs(self, node: yaml.MappingNode) -> Iterator[tuple[yaml.Node, yaml.Node]]:
        """Yield the keys and values of a mapping, what it merges (``<<``) behind its own."""
        merged: list[yaml.Node] = []
        for key, value in node.value:
            if key.tag == _MERGE:
                merged += value.value if isinstance(value, yaml.SequenceNode) else [value]
            else:
                yield key, value
        own = {self.key(key) for key, _ in node.value}
        for mapping in merged:
            if not isinstance(mapping, yaml.MappingNode):
                raise ManifestError(f"{self.at(mapping)}: '<<' merges a mapping", "Take it out.")
            for key, value in self.pairs(mapping):
                if self.key(key) not in own:
                    own.add(self.key(key))
                    yield key, value

    def sequence(self, node: yaml.Node | None, key: str) -> list[yaml.Node]:
        """Return the entries of a list; an empty value and ``null`` are an empty list."""
        if node is None or is_empty(node):
            return []
        if not isinstance(node, yaml.SequenceNode):
            raise ManifestError(f"{self.at(node)}: {key!r} is a list", "Start each line with '- '.")
        return list(node.value)

    def line(self, node: yaml.Node, key: str) -> yaml.ScalarNode:
        """Return an entry of a list; a block (``|``, ``>``) leaves no place for a selector."""
        text = self.scalar(node, key)
        if text.style in {"|", ">"} or re.search(r"[\n\t]", text.value):
            raise ManifestError(
                f"{self.at(node)}: an entry of {key!r} is one line of text",
                "Write it behind '- ', without '|' or '>'.",
            )
        if is_empty(text) or not text.value.strip():
            raise ManifestError(f"{self.at(node)}: an entry of {key!r} is empty", "Take it out.")
        if len(text.value) > _LONGEST:
            raise ManifestError(
                f"{self.at(node)}: an entry of {key!r} is longer than {_LONGEST} characters"
            )
        return text

    def scalar(self, node: yaml.Node, key: str) -> yaml.ScalarNode:
        """Return a value that is text."""
        if not isinstance(node, yaml.ScalarNode):
            raise ManifestError(f"{self.at(node)}: an entry of {key!r} is one line of text")
        # isprintable() says no to more than these, and is faster for the many entries without any.
        if not node.value.isprintable() and (found := re.search(_CONTROL, node.value)):
            raise ManifestError(
                f"{self.at(node)}: an entry of {key!r} has the control character "
                f"U+{ord(found[0]):04X}",
                "Take it out.",
            )
        return node

    def key(self, node: yaml.Node) -> str:
        """Return the name before a colon."""
        if not isinstance(node, yaml.ScalarNode):
            raise ManifestError(
                f"{self.at(node)}: the name before a colon is a list or a mapping",
                "Write 'NAME: …'.",
            )
        return str(node.value)

    def selector(self, node: yaml.Node, *outer: str | None) -> str | None:
        """Return the selector in the comment behind *node*, joined with those of what holds it."""
        # By index, because YAML and str.splitlines() disagree on what ends a line. What a key
        # holds begins on the next line, so its comment stands behind the key.
        start = node.end_mark.index
        end = _END_OF_LINE.search(self.text, start)
        rest = self.text[start : end.start() if end else None]
        try:
            comment = re.search(r"(?:^|\s)(#.*)", rest) if "#" in rest else None
            found = selectors.find(comment[1].strip()) if comment else None
        except ValueError as error:
            raise ManifestError(
                f"{self.at(node)}: {str(error)!r} is no platform selector",
                f"Combine these with 'and', 'or', 'not': {', '.join(selectors.KNOWN)}.",
            ) from error
        return selectors.both(found, *outer)

    def spec(self, node: yaml.ScalarNode, text: str, *outer: str | None) -> Spec:
        """Return the entry *node*, which means *text*, with its selector."""
        return Spec(text, self.file, node.start_mark.line + 1, self.selector(node, *outer))


def is_empty(node: yaml.Node) -> bool:
    """Whether *node* is an empty value or one of the ways to write null."""
    return isinstance(node, yaml.ScalarNode) and (node.value == "" or node.tag == _NULL)
