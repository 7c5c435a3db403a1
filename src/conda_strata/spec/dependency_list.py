"""The list ``dependencies:``: packages, the ``pip:`` list, and what other tools make conditional."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

from conda_strata.core.errors import ManifestError
from conda_strata.spec import match_spec, selectors
from conda_strata.spec.refusals import Refusals
from conda_strata.spec.yaml_nodes import Nodes, is_empty

if TYPE_CHECKING:
    from conda_strata.spec.environment_file import EnvironmentFile

_BRANCHES = {"if", "then", "else"}
_TYPES = {"int": "a number", "float": "a number", "timestamp": "a date"}
"""What YAML makes of values without quotes."""


def read(nodes: Nodes, node: yaml.Node | None, refusals: Refusals, found: EnvironmentFile) -> None:
    """Read the entries of *node* into *found*."""
    reader = _Reader(nodes, refusals, found)
    with refusals.collected():
        reader.entries(nodes.sequence(node, "dependencies"))


class _Reader:
    def __init__(self, nodes: Nodes, refusals: Refusals, found: EnvironmentFile) -> None:
        self.nodes = nodes
        self.refusals = refusals
        self.found = found
        self.has_pip = False

    def entries(self, items: list[yaml.Node], *outer: str | None) -> None:
        for item in items:
            with self.refusals.collected():
                if isinstance(item, yaml.MappingNode):
                    self._mapping(item, *outer)
                else:
                    self._package(item, *outer)

    def _package(self, item: yaml.Node, *outer: str | None) -> None:
        entry = self.nodes.line(item, "dependencies")
        self._refuse_of_pip(entry)
        self._refuse_other_type(entry)
        text = match_spec.checked(entry.value.strip(), self.nodes.at(entry))
        self.found.specs.append(self.nodes.spec(entry, text, *outer))

    def _refuse_of_pip(self, entry: yaml.ScalarNode) -> None:
        if re.match(r"-|(?:git|hg|svn|bzr)\+|pip install ", entry.value.strip()):
            raise ManifestError(
                f"{self.nodes.at(entry)}: this is for pip, not for conda",
                "Write it into the list of pip, which is an entry of its own: '- pip:'.",
            )

    def _refuse_other_type(self, entry: yaml.ScalarNode) -> None:
        """Refuse what YAML reads as another type than text: it is no package, and conda stops."""
        kind = _TYPES.get(entry.tag.rpartition(":")[2])
        if kind and entry.style is None:
            raise ManifestError(
                f"{self.nodes.at(entry)}: {entry.value!r} is {kind}, no package",
                "Write 'NAME =NUMBER' on one line, as in 'python =3.12'.",
            )

    def _mapping(self, item: yaml.MappingNode, *outer: str | None) -> None:
        pairs = {self.nodes.key(key): (key, value) for key, value in self.nodes.pairs(item)}
        if "if" in pairs and pairs.keys() <= _BRANCHES:
            self._conditional(pairs, *outer)
            return
        for name, (key, value) in pairs.items():
            if name == "pip":
                self._pip(key, value, *outer)
            elif chosen := re.fullmatch(r"sel\((.*)\)", name):
                self._branch(value, self._condition(key, chosen[1]), *outer)
            else:
                shown = "this entry" if re.search(r"[@/\\]", name) else repr(name)
                raise ManifestError(
                    f"{self.nodes.at(key)}: {shown} cannot hold dependencies",
                    "Only 'pip:' has a list of its own; write 'name >=1' without a colon.",
                )

    def _pip(self, key: yaml.Node, value: yaml.Node, *outer: str | None) -> None:
        if self.has_pip and not outer:
            raise ManifestError(
                f"{self.nodes.at(key)}: a second 'pip:' list, where conda takes only the last",
                "Write all its lines into one list.",
            )
        self.has_pip = True
        from conda_strata.spec import pip_list

        # The comment behind 'pip:' is the one of all that it holds.
        whole = None if is_empty(value) else self.nodes.selector(key)
        pip_list.read(
            self.nodes,
            self.nodes.sequence(value, "pip"),
            self.refusals,
            self.found.pip,
            (whole, *outer),
        )

    def _conditional(
        self, pairs: dict[str, tuple[yaml.Node, yaml.Node]], *outer: str | None
    ) -> None:
        key, value = pairs["if"]
        condition = self._condition(key, self.nodes.scalar(value, "if").value)
        if "then" in pairs:
            self._branch(pairs["then"][1], condition, *outer)
        if "else" in pairs:
            self._branch(pairs["else"][1], f"not ({condition})", *outer)

    def _branch(self, value: yaml.Node, condition: str, *outer: str | None) -> None:
        items = value.value if isinstance(value, yaml.SequenceNode) else [value]
        self.entries(list(items), condition, *outer)

    def _condition(self, key: yaml.Node, text: str) -> str:
        try:
            return selectors.checked(text)
        except ValueError as error:
            raise ManifestError(
                f"{self.nodes.at(key)}: {str(error)!r} is no platform selector",
                f"Combine these with 'and', 'or', 'not': {', '.join(selectors.KNOWN)}.",
            ) from error
