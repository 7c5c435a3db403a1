"""What the doctor says of the settings of images."""

from __future__ import annotations

from pathlib import Path

import pytest

from conda_strata.doctor import image


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('name = "ghcr.io/me/app"', []),
        ("slim = true", []),
        (
            'name = "ghcr.io/me/other"',
            ["names ghcr.io/me/app, and pyproject.toml names ghcr.io/me/other"],
        ),
        ('nmae = "ghcr.io/me/app"', ["pyproject.toml:2: 'nmae' is no setting of images"]),
    ],
)
def test_devcontainer_and_settings_name_one_image(
    tmp_path: Path, text: str, said: list[str]
) -> None:
    """A dev container's file cannot read the settings, so the name stands in both."""
    (tmp_path / ".devcontainer").mkdir()
    (tmp_path / ".devcontainer/devcontainer.json").write_text('{"image": "ghcr.io/me/app:dev"}')
    (tmp_path / "pyproject.toml").write_text(f"[tool.strata.image]\n{text}\n")
    found = [one for one in image.image(tmp_path, offline=True) if one.level == "problem"]
    assert len(found) == len(said)
    assert all(text in one.what for text, one in zip(said, found, strict=True))
