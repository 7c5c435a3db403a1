"""Where paths lead through symbolic links that are not on disk yet."""

from __future__ import annotations

from collections.abc import Mapping

_HOPS = 40
"""Links that Linux follows in one path before it gives up (ELOOP)."""

_ROUNDS = 8
"""How deep folders may be reached through links of other packages."""


class Symlinks:
    """Symbolic links of a prefix, as packages name them.

    Parameters
    ----------
    targets
        Path of each link, relative to the prefix, to its target.
    """

    def __init__(self, targets: Mapping[str, str]) -> None:
        self._targets = dict(targets)

    def __contains__(self, path: str) -> bool:
        return path in self._targets

    def add_reached_through_links(self) -> None:
        """Add each link under the path it really has, where its folder is reached through a link."""
        for _ in range(_ROUNDS):
            placed = {self.place(path): target for path, target in self._targets.items()}
            if placed.keys() <= self._targets.keys():
                return
            self._targets = placed | self._targets

    def leaving(self) -> set[str]:
        """Return the links whose targets are outside of the prefix."""
        return {path for path in self._targets if self.resolve(path) is None}

    def place(self, path: str) -> str:
        """Return where *path* will be: links in its folders are followed, *path* itself is not."""
        above, _, name = path.rpartition("/")
        folder = self.resolve(above)
        return path if folder is None else f"{folder}/{name}".lstrip("/")

    def resolve(self, path: str) -> str | None:
        """Return what *path* leads to when all links are followed; None when it leaves the prefix."""
        pending = path.split("/")[::-1]
        done: list[str] = []
        hops = 0
        while pending:
            part = pending.pop()
            if part in {"", "."}:
                continue
            if part == "..":
                if not done:
                    return None
                done.pop()
                continue
            done.append(part)
            target = self._targets.get("/".join(done))
            if target is None:
                continue
            hops += 1
            if hops > _HOPS or target.startswith("/") or target[1:2] == ":":
                return None
            done.pop()
            pending += target.split("/")[::-1]
        return "/".join(done)
