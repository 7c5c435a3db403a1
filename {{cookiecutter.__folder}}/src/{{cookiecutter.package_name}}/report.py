"""Write the report: one HTML file that needs no other."""

import base64
from collections.abc import Mapping
from importlib import resources
from typing import Any

from jinja2 import Environment, StrictUndefined


def report(metrics: Mapping[str, Any], figures: Mapping[str, bytes]) -> str:
    """Return the report as HTML, with the figures inside."""
    source = resources.files(__package__).joinpath("report.html.j2").read_text("utf-8")
    template = Environment(autoescape=True, undefined=StrictUndefined).from_string(source)
    images = {name: base64.b64encode(svg).decode("ascii") for name, svg in figures.items()}
    return template.render(metrics=metrics, images=images) + "\n"
