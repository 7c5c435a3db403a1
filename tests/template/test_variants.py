"""Whatever is chosen, the generated project is whole, clean and consistent."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path, PurePath

import pytest
import yaml

from conda_strata.spec import manifest
from tests.template.conftest import QUESTIONS, REGISTRIES, Variant, bake, files, variants

BINARY = {".png"}
MAY_BE_EMPTY = {".gitkeep", "py.typed"}
OPENINGS = {
    "MIT": "MIT License\n\nCopyright (c) 20",
    "BSD-3-Clause": "BSD 3-Clause License\n\nCopyright (c) 20",
    "Apache-2.0": "                                 Apache License\n",
    "Proprietary": "Copyright (c) 20",
}
BASE = {"matplotlib-base", "pandas", "scikit-learn"}
EXAMPLE = {"yes": {"jinja2"}, "no": set[str]()}
STACKS = {
    "minimal": set(),
    "tabular": {"polars", "pyarrow", "python-duckdb", "seaborn", "statsmodels"},
    "machine-learning": {
        "dask", "lightgbm", "pyarrow", "python-duckdb", "seaborn", "statsmodels",
    },
    "deep-learning": {"lightning", "pyarrow", "pytorch", "tensorboard", "torchvision"},
    "geospatial": {"dask", "geopandas", "pyarrow", "rasterio", "rioxarray", "xarray"},
}  # fmt: skip


def _texts(variant: Variant) -> dict[str, str]:
    return {
        name: content.decode()
        for name, content in files(variant.folder).items()
        if PurePath(name).suffix not in BINARY and name != ".cruft.json"
    }


def test_every_pair_of_choices_comes_together() -> None:
    choices = {
        name: QUESTIONS[name]
        for name in ("stack", "license", "python_version", "example", "accelerator")
    } | {"registry": list(REGISTRIES.values())}
    for one, other in itertools.combinations(choices, 2):
        together = {(answers[one], answers[other]) for answers in variants()}
        assert together == set(itertools.product(choices[one], choices[other])), (one, other)


def test_every_file_is_tidy(variant: Variant) -> None:
    """No stray blank line, trailing space or empty file tells of a choice that was not made."""
    for name, text in _texts(variant).items():
        if PurePath(name).name in MAY_BE_EMPTY:
            assert text == "", name
            continue
        assert text.endswith("\n"), name
        assert not text.endswith("\n\n"), name
        assert not text.startswith("\n"), name
        assert "\r" not in text, name
        assert not re.search(r"[ \t]\n", text), name
        assert ("\n\n\n\n" if name.endswith(".py") else "\n\n\n") not in text, name


def test_nothing_of_the_template_is_left(variant: Variant) -> None:
    for name, text in _texts(variant).items():
        assert not re.search(r"(?<!ds-)cookiecutter", name + text), name
        if name.endswith(".j2"):
            continue
        rest = re.sub(r"(?s)\$\{\{.*?\}\}", "", text) if name.startswith(".github/") else text
        rest = rest.replace("'{{print .Manifest.Digest}}'", "")  # Docker's way to ask for a field
        assert not re.search(r"\{\{|\{%|\{#", rest), name


def test_every_file_parses(variant: Variant) -> None:
    for name, text in _texts(variant).items():
        match PurePath(name).suffix:
            case ".py":
                compile(text, name, "exec")
            case ".toml":
                tomllib.loads(text)
            case ".yml" | ".yaml":
                assert isinstance(yaml.safe_load(text), dict), name
            case ".json":
                json.loads(text)
            case ".ipynb":
                notebook = json.loads(text)
                assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
                assert all(cell["id"] for cell in notebook["cells"])
                assert not any(cell.get("outputs") for cell in notebook["cells"])


def _ruff(folder: Path) -> str:
    """Return what ruff complains of."""
    said = ""
    for words in (["check", "--quiet"], ["format", "--diff", "--quiet"]):
        command = [sys.executable, "-m", "ruff", *words, "--no-cache", "."]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        said += done.stdout + done.stderr
        assert done.returncode == 0, said
    return said


def test_ruff_has_nothing_to_say(variant: Variant) -> None:
    assert _ruff(variant.folder) == ""


@pytest.mark.parametrize("package", ["a", "z" * 40])
def test_ruff_has_nothing_to_say_whatever_the_name(tmp_path: Path, package: str) -> None:
    assert _ruff(bake(tmp_path, package_name=package)) == ""


def test_the_environments_are_what_was_chosen(variant: Variant) -> None:
    read = manifest.load(manifest.find(variant.folder))

    assert list(read.environments) == ["default", "dev"]
    assert read.channels == ("conda-forge",)
    assert read.platforms == ("linux-64", "linux-aarch64", "osx-arm64", "win-64")
    python, *packages = [spec.text for spec in read.environments["default"]]
    assert python == f"python ={variant.answers['python_version']}"
    chosen = BASE | EXAMPLE[variant.answers["example"]] | STACKS[variant.answers["stack"]]
    if "pytorch" in chosen and variant.answers["accelerator"] == "cuda":
        chosen = chosen | {"pytorch-gpu"}
    assert packages == sorted(chosen)
    assert {"hatchling", "jupyterlab", "pip", "pytest"} <= {
        s.text for s in read.environments["dev"]
    }


def test_the_licence_is_what_was_chosen(variant: Variant) -> None:
    chosen = variant.answers["license"]
    project = tomllib.loads((variant.folder / "pyproject.toml").read_text("utf-8"))["project"]
    text = (variant.folder / "LICENSE").read_text("utf-8")

    assert project["license"] == {"Proprietary": "LicenseRef-Proprietary"}.get(chosen, chosen)
    assert text.startswith(OPENINGS[chosen])
    assert re.search(r"(?m)^ *Copyright .*20\d\d,? Your Name", text)
    assert [name for name, opening in OPENINGS.items() if text.startswith(opening)] == [chosen]


def test_a_build_gets_what_the_dockerfile_copies_and_no_secrets(variant: Variant) -> None:
    dockerfile = (variant.folder / ".devcontainer/Dockerfile").read_text("utf-8")
    sources = {
        word.removesuffix("*").replace("[t]", "t")
        for words in re.findall(r"(?m)^COPY (?!.*--from=)(.+) \S+$", dockerfile)
        for word in words.split()
        if not word.startswith("--")
    }
    lines = (variant.folder / ".dockerignore").read_text("utf-8").splitlines()
    first, *rules = [line for line in lines if not line.startswith("#")]

    assert first == "*"
    assert {rule[1:] for rule in rules if rule.startswith("!")} == sources
