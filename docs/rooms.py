"""Write the picture of the rooms in CONTRIBUTING: which sub-package imports which."""

from __future__ import annotations

import re
from pathlib import Path

import grimp

HERE = Path(__file__).parent.parent
PAGE = HERE / "CONTRIBUTING.md"
BLOCK = re.compile(r"```mermaid\n.*?```\n", re.DOTALL)


def imports() -> dict[str, set[str]]:
    """Return room to the rooms that it imports."""
    graph = grimp.build_graph("conda_strata", cache_dir=None)
    rooms = {name.split(".")[1] for name in graph.modules if name.count(".") > 1}
    found: dict[str, set[str]] = {room: set() for room in rooms}
    for importer in graph.modules:
        for imported in graph.find_modules_directly_imported_by(importer):
            one, other = (*importer.split("."), "")[1], (*imported.split("."), "")[1]
            if one != other and one in rooms and other in rooms:
                found[one].add(other)
    return found


def reduced(edges: dict[str, set[str]]) -> dict[str, set[str]]:
    """Return *edges* without those that a longer way implies: fewer arrows, the same order."""

    def reach(start: str) -> set[str]:
        return edges[start].union(*(reach(room) for room in edges[start]))

    return {
        room: {one for one in found if not any(one in reach(way) for way in found - {one})}
        for room, found in edges.items()
    }


def block() -> str:
    """Return the picture as a Mermaid block."""
    edges = reduced(imports())
    lines = [f"  {room} --> {other}" for room in sorted(edges) for other in sorted(edges[room])]
    return "\n".join(["```mermaid", "flowchart TD", *lines, "```"]) + "\n"


def page(text: str) -> str:
    """Return the page *text* with the picture of today's imports."""
    return BLOCK.sub(lambda _: block(), text)


if __name__ == "__main__":
    before = PAGE.read_text("utf-8")
    PAGE.write_text(page(before), "utf-8")
