"""What a browser makes of Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from html.parser import HTMLParser

from markdown_it import MarkdownIt


class Tags(HTMLParser):
    """The elements and the text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.words = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.words += data


def shown(markdown: str) -> Tags:
    """Return the page that GitHub would show for *markdown*, before it takes HTML out."""
    return Tags(MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown))
