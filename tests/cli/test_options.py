"""Options mean the same in all commands."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from types import UnionType
from typing import get_args, get_origin, get_type_hints

import pytest

from conda_strata.cli import arguments
from conda_strata.cli import main as cli
from tests.conftest import Strata

WITHOUT_JSON = {"export", "run", "lab", "shell", "completion"}
"""What they print or start is not theirs to choose."""


def options_of(name: str) -> dict[str, argparse.Action]:
    parser = argparse.ArgumentParser()
    cli.commands()[name].add_arguments(parser)
    return {word: action for action in parser._actions for word in action.option_strings}


def test_json_is_asked_for_in_one_way() -> None:
    lacking = {name for name in cli.commands() if "--json" not in options_of(name)}
    assert lacking == WITHOUT_JSON
    for name in cli.commands():
        form = options_of(name).get("--format")
        assert form is None or "json" not in (form.choices or ())


def test_an_option_has_one_meaning() -> None:
    """Where two commands have the same option, both say the same of its value."""
    meanings: dict[str, set[str]] = {}
    for name in cli.commands():
        for word, action in options_of(name).items():
            meanings.setdefault(word, set()).add(str(action.metavar))
    assert {word for word, kinds in meanings.items() if len(kinds) > 1} == set()
    asks_for_files = {name for name in cli.commands() if "--file" in options_of(name)}
    assert {options_of(name)["--file"].help for name in asks_for_files} == {
        options_of("lock")["--file"].help
    }


def test_install_and_layers_say_what_they_hold(strata: Strata) -> None:
    assert strata("lock").returncode == 0
    installed = strata("install", "--json")
    assert installed.returncode == 0, installed.stderr
    packages = ["frames-1.0-h0_0", "numbers-2.0-h0_0", "python-3.11.5-h0_0"]
    assert json.loads(installed.stdout) == {
        "prefix": ".conda",
        "environment": "default",
        "platform": "linux-64",
        "packages": packages,
        "wheels": [],
    }
    found = json.loads(strata("layers", "--out", "out", "--json").stdout)
    assert (found["folder"], found["platform"]) == ("out", "linux-64")
    assert found["layers"] == json.loads(strata("plan", "--json").stdout)["layers"]
    assert sorted(p for layer in found["layers"] for p in layer["packages"]) == packages


@pytest.mark.parametrize("words", [("diff", "a", "b"), ("size",)])
def test_json_and_another_form_are_not_both_meant(strata: Strata, words: tuple[str, ...]) -> None:
    refused = strata(*words, "--json", "--format", "markdown")
    assert refused.returncode == 2
    assert "not allowed with argument" in refused.stderr


MINIMAL = {
    "add": ["numpy"],
    "remove": ["numpy"],
    "completion": ["bash"],
    "export": ["--format", "explicit"],
    "layers": ["--out", "out"],
    "push": ["image:1", "--base", "base:1"],
    "run": ["true"],
}
FULL = {
    **MINIMAL,
    "add": ["numpy", "--dev", "--pip", "--platform", "a", "--lock", "b", "--no-install"],
    "remove": ["numpy", "--dev", "--pip", "--lock", "b", "--prefix", "c"],
    "lab": ["--prefix", "a", "--port", "1", "--", "--debug"],
    "adopt": ["a", "--answer", "b=c", "--template", "d", "--checkout", "e", "--dry-run", "--json"],
    "check": ["--file", "a", "--lock", "b", "--platform", "linux-64", "--json"],
    "diff": ["a", "b", "--env", "c", "--json"],
    "doctor": ["--file", "a", "--env", "b", "--prefix", "c", "--offline", "--json"],
    "export": [*MINIMAL["export"], "--lock", "a", "--platform", "b", "--output", "c"],
    "install": ["--file", "a", "--env", "b", "--platform", "c", "--prefix", "d", "--yes"],
    "key": ["--lock", "a", "--input", "b", "--base", "c", "--json"],
    "layers": [*MINIMAL["layers"], "--prefix", "/a", "--max-layers", "3", "--slim", "--locked"],
    "lock": ["--platform", "a", "--update", "b", "--exclude-newer", "7d", "--dry-run"],
    "plan": ["--env", "a", "--platform", "b", "--max-layers", "3"],
    "push": [*MINIMAL["push"], "--reuse", "a", "--platform", "b", "--compression", "gzip"],
    "run": ["--prefix", "a", "--platform", "b", "--", "true", "-v"],
    "shell": ["--prefix", "a", "--shell", "b"],
    "size": ["--platform", "a", "--against", "b", "--limit", "1MB", "--top", "3", "--json"],
}


def fits(value: object, kind: object) -> bool:
    if isinstance(kind, UnionType):
        return any(fits(value, one) for one in get_args(kind))
    if get_origin(kind) is list:
        return isinstance(value, list) and all(fits(v, get_args(kind)[0]) for v in value)
    return isinstance(kind, type) and isinstance(value, kind)


@pytest.mark.parametrize("words", [MINIMAL, FULL], ids=["minimal", "full"])
@pytest.mark.parametrize("name", cli.commands())
def test_arguments_are_of_the_types_that_they_say(name: str, words: dict[str, list[str]]) -> None:
    """Mypy believes the fields; argparse fills them."""
    kind = cli.commands()[name].Arguments
    namespace = cli.parser().parse_args([*name.split(), *words.get(name, [])])
    args = arguments.typed(kind, namespace, besides=("command", "verbose"))
    hints = get_type_hints(kind)
    assert {n: v for n, v in vars(args).items() if not fits(v, hints[n])} == {}


@dataclass(frozen=True)
class Two:
    first: str
    second: str


@pytest.mark.parametrize("found", [{"first": "a"}, {"first": "a", "second": "b", "third": "c"}])
def test_a_field_without_an_option_is_no_silence(found: dict[str, str]) -> None:
    with pytest.raises(TypeError, match="options and fields differ"):
        arguments.typed(Two, argparse.Namespace(**found))
