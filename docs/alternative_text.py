"""Pictures say in words what they show: a build without these words has a warning."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinxcontrib.mermaid import mermaid

_log = logging.getLogger(__name__)


def _check(_app: Sphinx, document: nodes.document) -> None:
    for image in document.findall(nodes.image):
        if not image.get("alt", "").strip():
            _log.warning("a picture without alternative text", location=image)
    for diagram in document.findall(mermaid):
        if not {"accTitle:", "accDescr:"} <= set(diagram["code"].split()):
            _log.warning("a diagram without accTitle and accDescr", location=diagram)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("doctree-read", _check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
