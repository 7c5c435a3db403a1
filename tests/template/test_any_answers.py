"""Whatever is typed: refused with its rule and nothing left behind, or a project that says it back."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import tempfile
import tomllib
import unicodedata
from pathlib import Path

import pytest
import yaml
from cookiecutter.exceptions import FailedHookException
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.template.conftest import QUESTIONS, bake, files

# cookiecutter renders what is given on its command line, but not what is typed at a prompt.
TEXT = st.text(max_size=60).filter(lambda text: "{" not in text)
ODD = st.sampled_from(
    ["#", "- a", "a: b", "'", '"', '"""', "\\", "\\N{DASH}", "%", "*", "&a", "!!x", "<b>", "|", ">", "~",
     "null", "yes", "1e3", "2026-01-01", "@", "`id`", "$(id)", "${{ github.token }}", "]]>", "]", "::x",
     "\ufeff", "e\u0301", "\U000e0001", "\ud800", "\u2028", "\u202e", "..", "CON", "a" * 500]
).filter(lambda text: "{" not in text)  # fmt: skip
LINE = TEXT | ODD | st.tuples(TEXT, ODD, TEXT).map("".join) | st.just("Penguin Study")
ANSWERS = st.fixed_dictionaries(
    {
        "project_name": LINE,
        "description": LINE,
        "author_name": LINE,
        "project_slug": st.from_regex(r"[a-z0-9]{1,20}([._-][a-z0-9]{1,9}){0,3}", fullmatch=True)
        | st.just("study")
        | TEXT,
        "package_name": st.from_regex(r"[a-z][a-z0-9_]{0,39}", fullmatch=True) | TEXT,
        "author_email": st.emails() | st.just("you@example.com") | TEXT,
        "github_owner": st.from_regex(r"[A-Za-z0-9]{1,9}(-[A-Za-z0-9]{1,9}){0,2}", fullmatch=True)
        | TEXT,
        "registry": st.sampled_from(["ghcr.io", "docker.io/me", "localhost:5000/a/b"]) | TEXT,
        **{
            key: st.sampled_from(QUESTIONS[key])
            for key in ("license", "python_version", "stack", "example", "accelerator")
        },
    }
)
LIMITS = settings(max_examples=40, deadline=None)

GOOD = {
    "project_slug": "study",
    "package_name": "study",
    "author_email": "you@example.com",
    "github_owner": "octo-org",
    "registry": "ghcr.io",
}


def _check(answers: dict[str, str]) -> bool:
    """Return whether a project came of it; fail when it is neither whole nor refused well."""
    said = io.StringIO()
    with tempfile.TemporaryDirectory() as out, contextlib.redirect_stdout(said):
        try:
            folder = bake(Path(out), **answers)
        except FailedHookException:
            assert list(Path(out).iterdir()) == []
            return False
        assert [path.name for path in Path(out).iterdir()] == [answers["project_slug"]]
        _require_whole(folder, answers)
    return True


def _require_whole(folder: Path, answers: dict[str, str]) -> None:
    contents = {name: content.decode("utf-8") for name, content in files(folder).items()}
    for name, text in contents.items():
        if name.endswith(".py"):
            ast.parse(text, name)
        elif name.endswith((".yml", ".yaml", ".cff")):
            assert yaml.safe_load(text), name
        elif name.endswith((".json", ".ipynb")):
            assert json.loads(text), name
        hidden = {c for c in text if unicodedata.category(c) in {"Cc", "Cs"}} - {"\n", "\t"}
        assert not hidden, name
    project = tomllib.loads(contents["pyproject.toml"])["project"]
    person = {"name": answers["author_name"], "email": answers["author_email"]}
    assert project["description"] == answers["description"]
    assert project["authors"] == [person]
    assert f"src/{answers['package_name']}/__init__.py" in contents
    citation = yaml.safe_load(contents["CITATION.cff"])
    assert citation["title"] == answers["project_name"]
    assert citation["abstract"] == answers["description"]
    assert citation["authors"] == [person]
    assert (
        json.loads(contents[".devcontainer/devcontainer.json"])["name"] == answers["project_name"]
    )
    assert contents["README.md"].startswith(f"# {answers['project_name']}\n")
    assert answers["author_name"] in contents["LICENSE"]


@settings(LIMITS, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(answers=ANSWERS)
def test_any_answers(answers: dict[str, str]) -> None:
    _check(answers)


@settings(LIMITS, suppress_health_check=[HealthCheck.too_slow])
@given(name=LINE, description=LINE, author=LINE)
def test_any_texts_among_good_answers(name: str, description: str, author: str) -> None:
    texts = {"project_name": name, "description": description, "author_name": author}
    is_text = all(
        t
        and t == t.strip()
        and all(unicodedata.category(c) not in {"Cc", "Cs", "Zl", "Zp"} for c in t)
        for t in texts.values()
    )
    came = _check({**GOOD, **texts})
    assert is_text or not came


def test_the_question_and_an_example_are_named(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(FailedHookException):
        bake(tmp_path, **GOOD | {"description": "\u202egnp"})

    said = capfd.readouterr().err
    assert said.startswith("description is one line of text")
    assert "such as" in said
