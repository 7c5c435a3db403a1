"""What several tests need."""

from pathlib import Path

import pytest


@pytest.fixture
def project() -> Path:
    """Return the project's folder."""
    return Path(__file__).parents[1]


@pytest.fixture
def penguins(project: Path) -> Path:
    """Return the table that ships with the project."""
    return project / "data/raw/penguins.csv"
