"""The template as a git repository, as in its own tests."""

from __future__ import annotations

from tests.template.conftest import template

__all__ = ["template"]
