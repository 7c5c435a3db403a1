"""Good answers arrive as they were given; bad ones are refused, and nothing is left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from cookiecutter.exceptions import FailedHookException
from cookiecutter.main import cookiecutter

from tests.template.conftest import QUESTIONS, TEMPLATE, bake, files

HOSTILE = [
    pytest.param('say "hi"', id="double quotes"),
    pytest.param("'''it's'''", id="single quotes"),
    pytest.param('"""docstring"""', id="docstring"),
    pytest.param("back\\slash \\n \\u0041 \\", id="backslashes"),
    pytest.param("key: value # comment", id="yaml"),
    pytest.param("- [a, b] & *c !d %e @f", id="more yaml"),
    pytest.param("$(id) `id` ${HOME} $$", id="shell"),
    pytest.param("<b>&amp;</b> <!-- x -->", id="html"),
    pytest.param("{{ 1 + 1 }} {% raw %} {# x #}", id="jinja"),
    pytest.param("Größe, Ωμέγα, 企鵝, پنگوئن", id="unicode"),
    pytest.param("🐧 👩🏽‍🔬 \U0010ffff", id="emoji"),
    pytest.param("a" * 300, id="long"),
]


@pytest.mark.parametrize("text", HOSTILE)
def test_any_line_of_text_is_written_as_it_was_typed(tmp_path: Path, text: str) -> None:
    typed = {"project_name": text, "project_slug": "study", "description": text}
    typed |= {"author_name": text}
    keys = [key for key in QUESTIONS if not key.startswith("_")]
    done = subprocess.run(
        [sys.executable, "-m", "cookiecutter", "--default-config", f"-o{tmp_path}", str(TEMPLATE)],
        input="".join(typed.get(key, "") + "\n" for key in keys),
        env={**os.environ, "PYTHONUTF8": "1"},
        encoding="utf-8",
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr

    folder = tmp_path / "study"
    project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
    container = json.loads((folder / ".devcontainer/devcontainer.json").read_text("utf-8"))
    readme = (folder / "README.md").read_text("utf-8")
    assert project["description"] == text
    assert project["authors"] == [{"name": text, "email": "you@example.com"}]
    assert container["name"] == text
    assert readme.startswith(f"# {text}\n")
    assert f"\n{text}\n" in readme
    assert text in (folder / "LICENSE").read_text("utf-8")
    assert not [name for name in files(folder) if text in name]


@pytest.mark.parametrize(
    ("name", "slug", "package"),
    [
        ("Penguin Study", "penguin-study", "penguin_study"),
        ("  2024 survey: p < 0.05?", "2024-survey-p-0-05", "study_2024_survey_p_0_05"),
        ("Größe", "grosse", "grosse"),
        (
            "2024 survey of all the penguins near Palmer Station",
            "2024-survey-of-all-the-penguins",
            "study_2024_survey_of_all_the_penguins",
        ),
    ],
)
def test_folder_and_package_are_named_after_the_project(
    tmp_path: Path, name: str, slug: str, package: str
) -> None:
    folder = bake(tmp_path, project_name=name.strip())

    assert folder.name == slug
    assert (folder / "src" / package / "__init__.py").exists()


def test_the_image_has_a_lower_case_name(tmp_path: Path) -> None:
    folder = bake(tmp_path, github_owner="Octo-Org", registry="localhost:5000/team")

    assert "localhost:5000/team/octo-org/penguin-study:dev" in (folder / "README.md").read_text()


BAD = [
    ("project_name", "", "one line of text"),
    ("project_name", " Study", "one line of text"),
    ("project_name", "two\nlines", "one line of text"),
    ("description", "a\u2028b", "one line of text"),
    ("description", "a\tb", "one line of text"),
    ("description", "a\x85b", "one line of text"),
    ("author_name", "a\x7fb", "one line of text"),
    ("author_name", "a\u202eb", "one line of text"),
    ("description", "a\u2066b", "one line of text"),
    ("project_slug", "Study", "joined by single"),
    ("project_slug", "study\n", "joined by single"),
    ("project_slug", "-study", "joined by single"),
    ("project_slug", "study-", "joined by single"),
    ("project_slug", "a..b", "joined by single"),
    ("project_slug", "a--b", "joined by single"),
    ("project_slug", "étude", "joined by single"),
    ("project_slug", "a'''b", "joined by single"),
    ("project_slug", "a" * 65, "at most 64"),
    ("project_slug", "con", "Windows"),
    ("project_slug", "study.git", "GitHub keeps"),
    ("package_name", "", "letter first"),
    ("package_name", "1st", "letter first"),
    ("package_name", "my-study", "letter first"),
    ("package_name", "Study", "letter first"),
    ("package_name", "ｓｔｕｄｙ", "letter first"),
    ("package_name", "study\n", "letter first"),
    ("package_name", "a" * 41, "at most 40"),
    ("package_name", "class", "keyword"),
    ("package_name", "json", "standard library"),
    ("package_name", "sitecustomize", "at each start"),
    ("package_name", "usercustomize", "at each start"),
    ("package_name", "pandas", "project itself uses"),
    ("package_name", "sklearn", "project itself uses"),
    ("package_name", "src", "another folder"),
    ("package_name", "tests", "another folder"),
    ("package_name", "data", "another folder"),
    ("author_email", "nobody", "e-mail"),
    ("author_email", "a@b", "e-mail"),
    ("author_email", 'a"@example.com', "e-mail"),
    ("author_email", "a b@example.com", "e-mail"),
    ("author_email", "a@example.com\n", "e-mail"),
    ("github_owner", "", "GitHub account"),
    ("github_owner", "-octo", "GitHub account"),
    ("github_owner", "octo--org", "GitHub account"),
    ("github_owner", "octo/org", "GitHub account"),
    ("github_owner", "o" * 40, "GitHub account"),
    ("registry", "", "lower case"),
    ("registry", "ghcr", "lower case"),
    ("registry", "GHCR.io", "lower case"),
    ("registry", "https://ghcr.io", "lower case"),
    ("registry", "ghcr.io/", "lower case"),
    ("registry", "ghcr.io:", "lower case"),
    ("registry", "ghcr.io:99999", "lower case"),
    ("registry", "ghcr.io/Team", "lower case"),
    ("registry", "ghcr.io\n", "lower case"),
]


@pytest.mark.parametrize(("key", "answer", "rule"), BAD)
def test_a_bad_answer_is_refused_with_its_rule(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], key: str, answer: str, rule: str
) -> None:
    good = {"project_slug": "study", "package_name": "study"}
    with pytest.raises(FailedHookException):
        bake(tmp_path, **good | {key: answer})

    (said, *_) = capfd.readouterr().err.splitlines()
    assert said.startswith(key)
    assert rule in said
    assert "such as" in said
    assert list(tmp_path.iterdir()) == []


def test_all_bad_answers_are_refused_at_once(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    bad = {key: answer for key, answer, _ in BAD}
    with pytest.raises(FailedHookException):
        bake(tmp_path, **bad | {"project_slug": "Study"})

    said = capfd.readouterr().err
    assert [key for key in bad if f"{key} is" not in said and f"{key} has" not in said] == []
    assert list(tmp_path.iterdir()) == []


ELSEWHERE = [
    "",
    ".",
    "..",
    "../study",
    "a/b",
    "a/../../study",
    "/ABSOLUTE/study",
    "study/",
    "..\\study",
    "a\\b",
    "C:\\study",
    "a\0b",
    "a" * 300,
]


@pytest.mark.parametrize("slug", ELSEWHERE)
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_slug_that_leads_elsewhere_is_refused_as_any_bad_slug(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], slug: str, *, overwrite: bool
) -> None:
    slug = slug.replace("/ABSOLUTE", str(tmp_path))
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(FailedHookException):
        cookiecutter(
            str(TEMPLATE),
            no_input=True,
            default_config=True,
            output_dir=str(out),
            overwrite_if_exists=overwrite,
            extra_context={"project_slug": slug, "package_name": "study"},
        )

    (said, *_) = capfd.readouterr().err.splitlines()
    assert said.startswith("project_slug is at most 64 lower-case letters")
    assert said.endswith(f"; it is {slug!r}")
    assert list(tmp_path.rglob("*")) == [out]


@pytest.mark.parametrize("slug", ["../study", "a/b", "a\\b"])
@pytest.mark.parametrize(
    "command",
    [
        ("cookiecutter", "--no-input", "--default-config", "TEMPLATE", "SLUG"),
        ("cruft", "create", "-yd", "--extra-context=JSON", "TEMPLATE"),
    ],
    ids=lambda command: command[0],
)
def test_a_command_refuses_a_slug_that_leads_elsewhere(
    tmp_path: Path, template: Path, command: tuple[str, ...], slug: str
) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    given = {
        "TEMPLATE": str(template),
        "SLUG": f"project_slug={slug}",
        "--extra-context=JSON": f"--extra-context={json.dumps({'project_slug': slug})}",
    }
    done = subprocess.run(
        [sys.executable, "-m", *(given.get(word, word) for word in command)],
        cwd=folder,
        env={**os.environ, "HOME": str(tmp_path), "USERPROFILE": str(tmp_path)},
        encoding="utf-8",
        capture_output=True,
        check=False,
    )

    (said, *_) = done.stderr.splitlines()
    assert done.returncode != 0
    assert said.startswith("project_slug is at most 64 lower-case letters")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    "slug", ["a", "7", "2024-survey", "a.b_c-d", "a_b.c", "v1.2.3", "a" * 64, "null", "x-1_y.2"]
)
def test_a_good_slug_is_the_name_of_the_folder(tmp_path: Path, slug: str) -> None:
    assert bake(tmp_path, project_slug=slug, package_name="study") == tmp_path / slug
    assert [path.name for path in tmp_path.iterdir()] == [slug]


@pytest.mark.parametrize(
    ("key", "answer"),
    [
        ("author_email", "first.o'last+tag@mail.example.co.uk"),
        ("github_owner", "octocat_corp"),
        ("registry", "localhost"),
        ("registry", "localhost:5000"),
        ("registry", "registry.example.com:5000/team/a_b"),
        ("registry", "europe-west1-docker.pkg.dev/my-project/images"),
        ("package_name", "match"),
        ("project_slug", "a.b_c-d"),
    ],
)
def test_an_unusual_good_answer_is_accepted(tmp_path: Path, key: str, answer: str) -> None:
    assert bake(tmp_path, **{key: answer}).is_dir()


def test_a_choice_that_is_not_offered_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="python_version"):
        bake(tmp_path, python_version="2.7")

    assert list(tmp_path.iterdir()) == []
