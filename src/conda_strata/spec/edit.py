"""Packages into an environment file and out of it; all else in it stays as it is, to the letter.

The places of the entries come from the YAML parser, and only lines of entries are touched. A round
trip through a YAML library would keep comments, but move those below a removed entry, and set
indents and quotes anew.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from conda_strata.core.errors import ManifestError, UsageError
from conda_strata.spec import limited_yaml, match_spec, requirement, selectors
from conda_strata.spec.dependency import package_name

_WHERE = "the command line"
_DASH = re.compile(r"[ ]*-[ ]+")


def name_of(text: str, *, pip: bool) -> str:
    """Return the package that an entry is about.

    Raises
    ------
    ManifestError
        When it is none.
    """
    if pip:
        return canonicalize_name(Requirement(requirement.checked(text, _WHERE)).name)
    return package_name(match_spec.checked(text, _WHERE))


def add(file: Path, text: str, entry: str, *, pip: bool, selector: str | None) -> str:
    """Return the text of an environment file with one entry more, or another version of one.

    Parameters
    ----------
    file, text
        The environment file, and what it holds.
    entry
        A conda MatchSpec, or a requirement.
    pip
        Whether it belongs into the ``pip:`` list.
    selector
        The platforms that it is for; None for all.

    Raises
    ------
    ManifestError
        When the entry is none, or the file is written so that a line cannot be added.
    """
    page = _Page(file, text)
    name = name_of(entry, pip=pip)
    for node in page.entries(pip=pip):
        if _same(node.value, name, pip=pip) and page.selector(node) == selector:
            is_bare = re.fullmatch(r"[\w.-]+", entry)
            return text if is_bare else page.replaced(node, _scalar(entry))
    line = _scalar(entry) + (f"  # [{selector}]" if selector else "")
    return page.with_entry(line, pip=pip)


def remove(file: Path, text: str, name: str, *, pip: bool) -> str:
    """Return the text of an environment file without a package, whatever its version and platform.

    Parameters
    ----------
    file, text
        The environment file, and what it holds.
    name
        The package.
    pip
        Whether only the ``pip:`` list is meant.

    Raises
    ------
    UsageError
        When it has no such package.
    ManifestError
        When the file is written so that no line can be taken out.
    """
    page = _Page(file, text)
    found = [
        node
        for kind in ((True,) if pip else (False, True))
        for node in page.entries(pip=kind)
        if _same(node.value, canonicalize_name(name) if kind else name.lower(), pip=kind)
    ]
    if not found:
        raise UsageError(f"{file} does not list {name!r}", "Name a package that it lists.")
    return page.without(found)


def _same(text: str, name: str, *, pip: bool) -> bool:
    try:
        return name_of(text, pip=pip) == name
    except ManifestError:
        return False


def _scalar(text: str) -> str:
    try:
        is_plain = yaml.safe_load(f"- {text}") == [text]
    except yaml.YAMLError:
        is_plain = False
    return text if is_plain else json.dumps(text)


class _Page:
    """The text of an environment file, and where its entries are."""

    def __init__(self, file: Path, text: str) -> None:
        self.file = file
        self.text = text
        self.newline = "\r\n" if "\r\n" in text else "\n"
        root = limited_yaml.compose(file, text)
        if not isinstance(root, yaml.MappingNode):
            raise ManifestError(f"{file}:1: an environment file is a mapping")
        self.key = next((key for key, _ in root.value if key.value == "dependencies"), None)
        self.list = next((v for key, v in root.value if key.value == "dependencies"), None)
        self.pip: yaml.MappingNode | None = None
        for item in self._items(self.list):
            if isinstance(item, yaml.MappingNode):
                self.pip = item

    def entries(self, *, pip: bool) -> Iterator[yaml.ScalarNode]:
        """Yield the entries of one list."""
        lists = [value for _, value in self.pip.value] if self.pip else []
        for node in lists if pip else [self.list]:
            for item in self._items(node):
                if isinstance(item, yaml.ScalarNode):
                    yield item

    def _items(self, node: yaml.Node | None) -> list[yaml.Node]:
        if not isinstance(node, yaml.SequenceNode):
            return []
        if node.flow_style:
            raise ManifestError(
                f"{self.file}:{node.start_mark.line + 1}: a list in brackets is not edited",
                "Write one entry a line, each behind '- '.",
            )
        return list(node.value)

    def selector(self, node: yaml.ScalarNode) -> str | None:
        """Return the platform selector behind an entry."""
        rest = self.text[node.end_mark.index : self._end(node)].strip()
        return selectors.find(rest) if "#" in rest else None

    def replaced(self, node: yaml.ScalarNode, scalar: str) -> str:
        """Return the text with another entry in the place of one."""
        return self.text[: node.start_mark.index] + scalar + self.text[node.end_mark.index :]

    def with_entry(self, line: str, *, pip: bool) -> str:
        """Return the text with one entry more, behind the last of its list."""
        if siblings := list(self.entries(pip=pip)):
            return self._after(siblings[-1], self._margin(siblings[-1]) + line)
        if pip:
            if self.pip:
                margin = " " * (len(self._margin(self.pip)) + 2)
                return self._after(self.pip.value[0][0], f"{margin}- {line}")
            others = list(self.entries(pip=False))
            margin = self._margin(others[-1]) if others else "  - "
            below = " " * (len(margin) + 2)
            return self.with_entry(f"pip:{self.newline}{below}- {line}", pip=False)
        if self.pip:
            start = self._start(self.pip)
            added = f"{self._margin(self.pip)}{line}{self.newline}"
            return self.text[:start] + added + self.text[start:]
        if self.key:
            return self._after(self.key, f"  - {line}")
        gap = "" if not self.text or self.text.endswith("\n") else self.newline
        return f"{self.text}{gap}dependencies:{self.newline}  - {line}{self.newline}"

    def without(self, nodes: Collection[yaml.ScalarNode]) -> str:
        """Return the text without the lines of some entries, nor a list that is empty then."""
        gone: list[yaml.Node] = list(nodes)
        left = [node for node in self.entries(pip=True) if node not in gone]
        if self.pip and not left and any(n in gone for n in self.entries(pip=True)):
            gone.append(self.pip.value[0][0])
        text = self.text
        for node in sorted(gone, key=_place, reverse=True):
            self._margin(node)
            text = text[: self._start(node)] + text[self._end(node) + 1 :]
        return text

    def _after(self, node: yaml.Node, line: str) -> str:
        end = self._end(node)
        head, tail = self.text[:end], self.text[end:]
        return head.removesuffix("\r") + self.newline + line + (tail and self.newline + tail[1:])

    def _margin(self, node: yaml.Node) -> str:
        """Return what stands before an entry in its line: spaces and the dash."""
        margin = self.text[self._start(node) : node.start_mark.index]
        if not _DASH.fullmatch(margin):
            raise ManifestError(
                f"{self.file}:{node.start_mark.line + 1}: more than one entry in a line is not "
                "edited",
                "Write one entry a line, each behind '- '.",
            )
        return margin

    def _start(self, node: yaml.Node) -> int:
        return self.text.rfind("\n", 0, node.start_mark.index) + 1

    def _end(self, node: yaml.Node) -> int:
        found = self.text.find("\n", node.end_mark.index)
        return len(self.text) if found < 0 else found


_place: Callable[[yaml.Node], int] = lambda node: node.start_mark.index
