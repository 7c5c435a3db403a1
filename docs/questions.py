"""The reference page of the template's questions, from ``cookiecutter.json`` and its hook.

``python -m docs.questions`` (``nox -s docs``) writes it. What stands between the notes' markers is
written by hand and kept.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docs import reference_pages as pages

TEMPLATE = Path(__file__).parent.parent
PAGE = pages.FOLDER / "questions.md"


def page() -> str:
    """Return what the page should hold."""
    asked = questions()
    choices_below = {
        name: "is one of the choices below" for name in asked if isinstance(asked[name], list)
    }
    rules = choices_below | dict(_rules())
    rows = [
        f"| `{name}` | {prompt(name, asked)} | {_default(asked[name])} | {rules.get(name, '')} |"
        for name in asked
        if not name.startswith("_")
    ]
    choices = [
        f"| `{name}` | `{value}` | {meaning} |"
        for name in asked
        if isinstance(asked[name], list) and not name.startswith("_")
        for value, meaning in _choices(name, asked)
    ]
    parts = [
        "<!-- Made by 'nox -s docs' from cookiecutter.json; write between the notes' markers. -->",
        "# The questions",
        "The template asks these questions, in this order. *Enter* takes the default.",
        "\n".join(
            ["| name | question | default | an answer |", "| --- | --- | --- | --- |", *rows]
        ),
        "## Choices",
        "\n".join(["| name | choice | meaning |", "| --- | --- | --- |", *choices]),
        f"{pages.START}\n{pages.notes(PAGE)}{pages.END}",
    ]
    return "\n\n".join(parts) + "\n"


def questions() -> dict[str, Any]:
    """Return the template's questions, private ones included."""
    found: dict[str, Any] = json.loads((TEMPLATE / "cookiecutter.json").read_text("utf-8"))
    return found


def prompt(name: str, asked: dict[str, Any]) -> str:
    """Return what the template asks for *name*."""
    said = asked["__prompts__"][name]
    return pages.escaped(said["__prompt__"] if isinstance(said, dict) else said)


def _default(value: Any) -> str:
    if isinstance(value, list):
        value = value[0]
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "made from the answers before" if "{" in value else f"`{value}`"


def _choices(name: str, asked: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each choice of a question, and what it means where the template says so."""
    said = asked["__prompts__"][name]
    for value in asked[name]:
        meaning = said.get(value, "") if isinstance(said, dict) else ""
        yield value, pages.escaped(meaning.removeprefix(f"{value}: "))


def _rules() -> Iterator[tuple[str, str]]:
    """Yield question and rule: the first of each, which says what an answer may hold."""
    hook = ast.parse((TEMPLATE / "hooks/pre_gen_project.py").read_text("utf-8"))
    texts = next(
        ast.literal_eval(node.value)
        for node in hook.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "TEXTS"
    )
    found: list[tuple[str, str]] = []
    for node in ast.walk(hook):
        match node:
            case ast.Yield(ast.Tuple([ast.Constant(str(name)), ast.Constant(str(rule)), *_])):
                found.append((name, rule))
            case ast.Yield(ast.Tuple([ast.Name(), ast.Constant(str(rule)), *_])):
                found += [(name, rule) for name in texts]  # in a loop over them
    yield from ((name, pages.escaped(rule)) for name, rule in reversed(found))


def main() -> int:
    """Write the page if it differs."""
    text = page()
    if not PAGE.exists() or PAGE.read_text("utf-8") != text:
        print(f"wrote {PAGE.name}")
        PAGE.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
