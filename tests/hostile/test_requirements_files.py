"""Requirements files and local projects that ``pip:`` lists name: what is read, and what is told."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import HandMadeChannel, Strata, write_environment

SECRET = "hunter2"  # noqa: S105 - stands in a file that is no business of the project


Ask = Callable[..., list[str]]


@pytest.fixture
def ask(strata: Strata, project: Path, channel: HandMadeChannel) -> Ask:
    """Check a ``pip:`` list of these lines, and return the lines that are said."""

    def asked(*lines: str) -> list[str]:
        file = write_environment(project, channel, ["python"])
        text = "".join(f"    - {line}\n" for line in lines)
        file.write_text(f"{file.read_text()}  - pip:\n{text}")
        start = time.monotonic()
        done = strata("check", LOGIN=SECRET)
        assert time.monotonic() - start < 8
        assert done.returncode in {1, 3}
        assert "unexpected" not in done.stderr
        assert "Traceback" not in done.stderr
        assert SECRET not in done.stdout + done.stderr
        assert len(done.stderr) < 10_000
        assert all(c.isprintable() or c == "\n" for c in done.stderr)
        return done.stderr.splitlines()

    return asked


OUTSIDE = [
    "-r /proc/self/environ",
    "-c ../.docker/config.json",
    "--requirement=OUTSIDE",
    "-r link.txt",
    "-c folder/../../x.txt",
    "--constraint /etc/passwd",
]


def test_only_files_of_the_project(ask: Ask, project: Path) -> None:
    """Its lines are told in messages, and its names are looked for on the index."""
    login = project.parent / ".docker/config.json"
    login.parent.mkdir()
    login.write_text(f'{{"auths": {{"r": {{"auth": "{SECRET}"}}}}}}')
    (project.parent / "x.txt").write_text(SECRET)
    (project / "link.txt").symlink_to(login)
    (project / "folder").mkdir()
    said = ask(*(line.replace("OUTSIDE", str(login)) for line in OUTSIDE))
    refused = [line for line in said if "is outside of the project" in line]
    assert len(refused) == len(OUTSIDE)
    for number, line in enumerate(refused, 6):
        assert f"environment.yml:{number}: " in line


def test_other_folders_of_the_repository_are_read(ask: Ask, project: Path) -> None:
    (project.parent / ".git").mkdir()
    (project.parent / "other").mkdir()
    for name in ("shared.txt", "other/x.txt"):
        (project.parent / name).write_text("rich\n")
    said = ask("-r ../shared.txt", "-c ../other/x.txt")
    assert said[0] == "error: strata.lock is missing"


PROJECTS = {
    "deep": "x = " + "[" * 5000,
    "long name": "[project]\n" + "a." * 100_000 + "b = 1\n",
    "digits": "x = " + "9" * 6000,
    "no lists": "[project]\ndependencies = 5\noptional-dependencies = []\n",
    "dynamic is a number": "[project]\ndynamic = 5\n",
    "extra is a number": "[project]\noptional-dependencies = {all = 5}\n",
    "itself": '[project]\ndependencies = ["-e .", "-e ./x/..", "./."]\n',
    "extras of itself": "[project.optional-dependencies]\n"
    + "".join(f'a{n} = ["-e .[a{n + 1}]", "-e ./.[a{n + 1}]"]\n' for n in range(500))
    + 'all = ["-e .[a0]"]\n',
    "large": "#" * 2_000_000,
    "control": '[project]\ndependencies = ["a\\u001b[2J"]\n',
    "half": "[project]\ndependencies = [1, [], {}]\n",
}


def test_local_projects(ask: Ask, project: Path) -> None:
    for number, text in enumerate(PROJECTS.values()):
        (project / f"own{number}").mkdir()
        (project / f"own{number}/pyproject.toml").write_text(text)
    os.mkfifo(project / "own0/list.txt")
    (project / "pipe").mkdir()
    os.mkfifo(project / "pipe/pyproject.toml")
    projects = [f"-e ./own{n}[all]" for n in range(len(PROJECTS))]
    said = ask("-r own0/list.txt", "-e ./pipe", *projects)
    assert sum("your own code is not locked" in line for line in said) >= len(PROJECTS)
    assert any("own0/list.txt is no regular file" in line for line in said)


LINES = [
    "\n--no-binary :all:\n",
    "\n--index-url https://evil.example/simple\n",
    "\r--find-links https://evil.example\r",
    "\n-r /etc/passwd\n",
    "\u2028--pre",
    "\x0b-r x",
    "\x85-r x",
]


def test_a_marker_holds_no_further_lines(ask: Ask, project: Path) -> None:
    """What is between its quotes would be lines of the file that uv reads."""
    (project / "own").mkdir()
    found = [f"a{n}; python_version != '{text}'" for n, text in enumerate(LINES)]
    (project / "own/pyproject.toml").write_text(f"[project]\ndependencies = {json.dumps(found)}\n")
    in_file = [line for line in found if "\n" not in line]
    (project / "list.txt").write_text("\n".join(in_file), "utf-8", newline="")
    said = ask("-e ./own", "-r list.txt")
    refused = [line for line in said if line.endswith("a requirement has a control character")]
    assert len(refused) == 1 + len(in_file)  # those of the project are of one line
