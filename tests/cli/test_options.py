"""Options mean the same in all commands."""

from __future__ import annotations

import argparse
import json

import pytest

from conda_strata.cli import main as cli
from tests.conftest import Strata

WITHOUT_JSON = {"export", "run", "shell", "completion"}
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
