"""Links from the pages to files of the repository that are no pages: to GitHub, if they exist.

The pages are read on GitHub, too, where a relative link to a test or a script works as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util import logging

REPOSITORY = "https://github.com/leej3/ds-cookiecutter"
HERE = Path(__file__).resolve().parent
_log = logging.getLogger(__name__)


def address(page: Path, target: str) -> str | None:
    """Return where *target*, a link on *page*, is on GitHub; None if there is no such file.

    Raises
    ------
    ValueError
        When the target is outside the repository.
    """
    file = (page.parent / target).resolve()
    name = file.relative_to(HERE.parent).as_posix()
    if not file.exists():
        return None
    return f"{REPOSITORY}/{'tree' if file.is_dir() else 'blob'}/main/{name}"


def _link(app: Sphinx, document: nodes.document) -> None:
    page = Path(document["source"])
    for node in list(document.findall(_leads_out(app))):
        target = node["reftarget"] + (".md" if isinstance(node, addnodes.pending_xref) else "")
        try:
            found = address(page, target)
        except ValueError:
            found = None
        if found is None:
            _log.warning("no such file: %s", target, location=node)
            continue
        node.replace_self(nodes.reference("", "", *node.children, refuri=found, internal=False))


def _leads_out(app: Sphinx) -> Callable[[nodes.Node], bool]:
    """Return what tells MyST's links to files and to Markdown files that are no pages."""

    def leads_out(node: nodes.Node) -> bool:
        if isinstance(node, addnodes.pending_xref):
            known = node["reftarget"] in app.env.found_docs
            return bool(node.get("refdomain") == "doc" and not known)
        return isinstance(node, addnodes.download_reference)

    return leads_out


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx, before it would copy such files into the site."""
    app.connect("doctree-read", _link, priority=1)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
