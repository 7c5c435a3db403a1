"""Links to other sites, without asking them: well-formed, and to hosts that somebody has looked at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from markdown_it import MarkdownIt

HERE = Path(__file__).parents[2]
PAGES = [*HERE.glob("*.md"), *(HERE / "docs").rglob("*.md"), HERE / "rig/README.md"]

HOSTS = {
    "cli.github.com",
    "docs.astral.sh",
    "docs.aws.amazon.com",
    "docs.cloud.google.com",
    "docs.docker.com",
    "docs.github.com",
    "docs.nvidia.com",
    "docs.rs",
    "docs.seqera.io",
    "git-scm.com",
    "github.com",
    "grahamc.com",
    "keepachangelog.com",
    "kubernetes.dask.org",
    "learn.microsoft.com",
    "nixos.org",
    "pixi.prefix.dev",
    "pypi.org",
    "rattler-build.prefix.dev",
    "semver.org",
}
"""A new host is added by whoever adds its first link, after a look at it."""


def _links(page: Path) -> Iterator[tuple[str, int]]:
    """Yield where the links of a page lead, with their lines."""
    for block in MarkdownIt().enable("table").parse(page.read_text("utf-8")):
        line = block.map[0] + 1 if block.map else 0
        for token in block.children or ():
            yield from ((str(v), line) for k, v in token.attrs.items() if k in {"href", "src"})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(HERE).as_posix())
def test_links_to_other_sites_are_well_formed(page: Path) -> None:
    for address, line in _links(page):
        parts = urlsplit(address)
        where = f"{page.name}:{line}: {address}"
        if not parts.scheme:
            assert not parts.netloc, f"{where}: names no scheme"
            continue
        if parts.hostname == "127.0.0.1":
            continue  # what the reader has started
        assert parts.scheme == "https", where
        assert parts.hostname in HOSTS, f"{where}: look at it, and add its host here"
        assert parts.username is None, where
        assert parts.port is None, where
        assert not address.endswith((".", ",", ";", ")")), where


def test_every_host_is_linked() -> None:
    found = {urlsplit(address).hostname for page in PAGES for address, _ in _links(page)}
    assert set() == HOSTS - found
