"""Platform selectors where none has an effect: behind a channel, a platform, a variable."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from conda_strata.core.errors import ManifestError
from conda_strata.spec.yaml_nodes import Nodes

_FIXES = {
    "build": "Take it out: what is built is the same on all platforms.",
    "channels": "Take it out. Where only one platform takes a package from that channel, write "
    "'CHANNEL::PACKAGE  # [win]' among the dependencies.",
    "platforms": "Take it out: 'platforms' are the platforms themselves.",
    "variables": "Take it out: variables are the same on every platform.",
}


def find(nodes: Nodes, node: yaml.Node) -> Iterator[tuple[str, str]]:
    """Yield place and text of the selectors behind the entries of *node*."""
    if isinstance(node, yaml.MappingNode):
        entries = [value for _, value in node.value]
    else:
        entries = list(node.value) if isinstance(node, yaml.SequenceNode) else []
    for entry in entries:
        if isinstance(entry, yaml.ScalarNode) and (selector := nodes.selector(entry)):
            yield nodes.at(entry), selector


def refuse(place: str, selector: str, key: str) -> None:
    """Refuse a selector that would be ignored.

    Raises
    ------
    ManifestError
        Always.
    """
    raise ManifestError(
        f"{place}: the selector [{selector}] has no effect on an entry of {key!r}", _FIXES[key]
    )
