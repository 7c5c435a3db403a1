"""Read YAML up to a number of entries and a depth that no real environment file reaches.

PyYAML is recursive, so a few kilobytes of brackets would end in a traceback.
"""

from __future__ import annotations

import copy
from functools import cache, cached_property
from pathlib import Path

import yaml

from conda_strata.core.errors import ManifestError
from conda_strata.spec import limited_text

MOST_LEVELS = 20
MOST_NODES = 10_000
"""Texts, lists and mappings; where an alias stands, those of what it stands for."""


@cache
def _loader() -> type[yaml.SafeLoader]:
    """Return a loader that stops at a depth, naming the line.

    It is made on first use, so that importing this module does nothing with PyYAML.
    """

    class Limited(yaml.SafeLoader):
        levels = 0
        nodes = 0

        def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
            event = self.peek_event()  # type: ignore[no-untyped-call]
            before = self.nodes
            self.levels += 1
            self.nodes += self._size(event)
            if self.levels > MOST_LEVELS:
                raise _refusal(event, f"more than {MOST_LEVELS} levels of lists and mappings")
            if self.nodes > MOST_NODES:
                raise _refusal(event, f"more than {MOST_NODES:,} entries")
            node = super().compose_node(parent, index)
            self.levels -= 1
            if isinstance(event, yaml.AliasEvent):
                return _at(node, event) if node else node
            if event.anchor:
                self._sizes[event.anchor] = self.nodes - before
            return node

        def _size(self, event: yaml.Event) -> int:
            if not isinstance(event, yaml.AliasEvent):
                return 1
            if event.anchor in self.anchors and event.anchor not in self._sizes:
                raise _refusal(event, "a list or mapping that holds itself")
            return self._sizes.get(event.anchor or "", 1)

        @cached_property
        def _sizes(self) -> dict[str, int]:
            return {}

    return Limited


def _refusal(event: yaml.Event, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)  # type: ignore[arg-type]


def _at(node: yaml.Node, alias: yaml.Event) -> yaml.Node:
    """Return *node* with the place of the alias that stands for it, and not of its anchor."""
    found = copy.copy(node)
    found.start_mark, found.end_mark = alias.start_mark, alias.end_mark
    return found


def compose(file: Path, text: str) -> yaml.Node | None:
    """Return the nodes of *text*, the content of *file*; None when it is empty.

    Raises
    ------
    ManifestError
        When it is not YAML; the message names the line.
    """
    try:
        return _loader()(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise ManifestError(
            f"{file}:{line}: not YAML: {error.problem}", "Check the indentation and the quotes."
        ) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ManifestError(
            f"{file}:{line}: not YAML: it has the control character U+{ord(text[error.position]):04X}",
            "Take it out.",
        ) from error


def load(file: Path) -> object:
    """Return the content of *file*.

    Raises
    ------
    ManifestError
        When it cannot be read.
    """
    text = limited_text.read(file)
    node = compose(file, text)
    try:
        return _loader()("").construct_document(node) if node else None
    except (yaml.YAMLError, ValueError) as error:
        said = " ".join(str(error).split())
        raise ManifestError(f"{file} cannot be read: {said}") from error
