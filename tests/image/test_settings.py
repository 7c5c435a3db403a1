"""The settings of images, and the schema that tells editors of them."""

from __future__ import annotations

import json
from dataclasses import fields
from importlib.resources import files
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from conda_strata.core.errors import ManifestError
from conda_strata.image import settings, settings_file
from conda_strata.image.settings import Settings

SCHEMA = json.loads(files("conda_strata.image").joinpath("settings.schema.json").read_text("utf-8"))

GOOD = [
    {},
    {"name": "ghcr.io/owner/project", "platforms": ["linux/amd64", "linux-aarch64"]},
    {"name": "127.0.0.1:5000/a", "targets": {"dev": "dev", "gpu": "gpu"}, "slim": True},
    {"compression": "gzip", "size-limit": "1.5 GB", "base": "python:3.13-slim"},
    {"name": "project"},
]
BAD = [
    {"nmae": "x"},
    {"name": "ghcr.io/Owner/project"},
    {"name": "ghcr.io/owner/project:tag"},
    {"name": 1},
    {"platforms": "linux/amd64"},
    {"platforms": []},
    {"platforms": ["osx-arm64"]},
    {"targets": {}},
    {"targets": {"Dev": "dev"}},
    {"targets": {"dev": 1}},
    {"compression": "xz"},
    {"size-limit": 3},
    {"size-limit": "much"},
    {"dockerfile": ""},
    {"base": "a", "dockerfile": "Dockerfile"},
    {"slim": "yes"},
]


def write(folder: Path, said: object, name: str = "pyproject.toml") -> None:
    table = "tool.strata.image" if name == "pyproject.toml" else "image"
    lines = [f"{key} = {toml(value)}" for key, value in dict(said or {}).items()]  # type: ignore[call-overload]
    (folder / name).write_text("\n".join([f"[{table}]", *lines, ""]), "utf-8")


def toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(one)}" for key, one in value.items()) + "}"
    return json.dumps(value)


@pytest.mark.parametrize("said", GOOD, ids=str)
@pytest.mark.parametrize("name", ["pyproject.toml", "strata.toml"])
def test_good(tmp_path: Path, said: dict[str, object], name: str) -> None:
    """By the schema and by strata."""
    write(tmp_path, said, name)
    assert settings_file.read(tmp_path).name == said.get("name", "")
    assert list(Draft7Validator(SCHEMA).iter_errors(said)) == []


@pytest.mark.parametrize("said", BAD, ids=str)
@pytest.mark.parametrize("name", ["pyproject.toml", "strata.toml"])
def test_bad(tmp_path: Path, said: dict[str, object], name: str) -> None:
    (tmp_path / "Dockerfile").touch()
    write(tmp_path, said, name)
    with pytest.raises(ManifestError) as refused:
        settings_file.read(tmp_path)
    assert f"{name}:2: " in refused.value.what
    assert refused.value.fix
    assert list(Draft7Validator(SCHEMA).iter_errors(said))


def test_schema_and_strata_know_the_same() -> None:
    known = set(SCHEMA["properties"])
    assert known == set(settings_file.KEYS)
    named = {field.name.replace("_", "-") for field in fields(Settings)} - {"file", "about"}
    assert named == known


def test_defaults_are_those_of_the_schema(tmp_path: Path) -> None:
    found = settings_file.read(tmp_path)
    properties = SCHEMA["properties"]
    assert found.platforms == ("linux-64",)
    assert properties["targets"]["default"] == settings.TARGETS
    assert properties["base"]["default"] == found.base
    assert properties["dockerfile"]["default"] == str(settings.DOCKERFILE)
    assert properties["compression"]["default"] == found.compression


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('[tool.other]\nname = "x"\n\n[tool.strata.image]\n# note\n"nmae" = 1\n', 6),
        ('[tool.strata.image]\nname = "a/b"\n[tool.strata.image.targets]\ndev = 1\n', 3),
        ('[tool.strata]\nimage = { nmae = "x" }\n', 1),
        ("[tool]\nstrata = 1\n", 1),
        ("[tool.strata.image\n", 1),
    ],
)
def test_the_line_is_named(tmp_path: Path, text: str, line: int) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(ManifestError) as refused:
        settings_file.read(tmp_path)
    assert f"pyproject.toml:{line}: " in refused.value.what
