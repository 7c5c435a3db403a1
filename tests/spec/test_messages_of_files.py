"""What is said of odd files: everything at once, in the order of the lines, each with its fix."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import HandMadeChannel, Strata, write_environment
from tests.solve.test_pip import index  # noqa: F401 - a fixture


def test_all_files_are_told_in_the_order_of_their_lines(strata: Strata, project: Path) -> None:
    (project / "environment.yml").write_text(
        "channels: ['http://example.org/c']\nplatforms: [amiga]\ndependencies:\n  - 3\n  - pip:\n"
        "      - -r absent.txt\nchanels: [a]\n"
    )
    (project / "environment-dev.yml").write_text("dependencies:\n  - '3'\n  - pandas[x]\n")
    (project / "virtual-packages.yml").write_text("subdirs: {linux-64: {packages: {cuda: '1'}}}\n")
    refused = strata("lock")
    assert refused.returncode == 3
    said = re.findall(r"(?m)^(?:error: )?([\w-]+\.yml(?::\d+)?)", refused.stderr)
    assert said == [
        *(f"environment.yml:{line}" for line in (1, 2, 4, 6, 7)),
        "environment-dev.yml:2",
        "environment-dev.yml:3",
        "virtual-packages.yml",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("packages: [numpy]\n", ":1: 'packages' is no key of an environment file, and 'depend"),
        ("name: x\nrequirements:\n  - numpy\n", ":2: 'requirements' is no key of an environment"),
        ("dependencies: [python]\npip:\n  - rich\n", ":2: 'pip' is no key of an environment file"),
    ],
)
def test_packages_under_another_key_are_not_lost(
    strata: Strata, project: Path, text: str, said: str
) -> None:
    (project / "environment.yml").write_text(text)
    refused = strata("lock")
    assert refused.returncode == 3
    assert f"error: environment.yml{said}" in refused.stderr
    assert "\n  Write " in refused.stderr


def test_lists_of_other_tools_are_left_out(strata: Strata, project: Path) -> None:
    with (project / "environment.yml").open("a") as file:
        file.write("x-notes: [one, two]\npip: []\n")
    assert strata("lock").returncode == 0


@pytest.mark.parametrize("line", ["-U", "--use-pep517", "--no-deps", "--upgrade"])
def test_options_that_are_refused_have_a_fix(
    strata: Strata, project: Path, channel: HandMadeChannel, line: str
) -> None:
    write_environment(project, channel, ["python", f"pip:\n      - {line}"])
    refused = strata("lock")
    assert refused.returncode == 3
    assert "error: environment.yml:6: " in refused.stderr
    assert "\n  Take it out" in refused.stderr


@pytest.mark.usefixtures("index")
def test_uv_says_nothing_of_files_that_are_not_the_users(
    strata: Strata, project: Path, channel: HandMadeChannel
) -> None:
    write_environment(project, channel, ["python", "pip:\n      - nowhere-at-all"])
    refused = strata("lock")
    assert refused.returncode == 4
    assert "nowhere-at-all" in refused.stderr
    assert "requirements file" not in refused.stderr.lower()


@pytest.mark.parametrize(
    ("name", "fix"),
    [("pixi.lock", "let the tool that wrote it lock again"), ("strata.lock", "run 'strata lock'")],
)
def test_merge_conflict_is_resolved_by_the_tool_of_the_lock(
    strata: Strata, project: Path, name: str, fix: str
) -> None:
    strata("lock")
    text = (project / "strata.lock").read_text()
    (project / name).write_text(f"<<<<<<< ours\n{text}=======\n{text}>>>>>>> theirs\n")
    refused = strata("plan", "--lock", name)
    assert refused.returncode == 3
    assert f"{name} has conflict markers (<<<<<<<)" in refused.stderr
    assert fix in refused.stderr
