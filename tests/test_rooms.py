from __future__ import annotations

from docs import rooms


def test_picture_in_contributing_shows_the_imports_of_today() -> None:
    """``nox -s docs`` draws it anew."""
    text = rooms.PAGE.read_text("utf-8")
    assert rooms.BLOCK.search(text)
    assert rooms.page(text) == text


def test_only_the_edge_stands_outside_the_rooms() -> None:
    top = rooms.HERE / "src/conda_strata"
    assert sorted(file.name for file in top.glob("*.py")) == ["__init__.py", "__main__.py"]


def test_every_room_says_what_it_is_for() -> None:
    for room in (rooms.HERE / "src/conda_strata").glob("*/__init__.py"):
        assert room.read_text("utf-8").startswith('"""'), room
