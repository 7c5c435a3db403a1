"""The commands of README and tutorial are executed as they stand, or listed here with the reason.

cookiecutter asks, strata locks, checks, compares and installs: in one shell for each page, as a reader
would. conda-forge is a channel of hand-made packages with the names that the template asks for.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from conda_strata.cli import main as cli
from tests.conftest import HandMadeChannel
from tests.docs.command_blocks import Command, commands
from tests.template.conftest import QUESTIONS, SOURCE, TEMPLATE, git

REPOSITORY = "https://github.com/leej3/ds-cookiecutter"
PAGES = [TEMPLATE / "README.md", *sorted((TEMPLATE / "docs/tutorial").glob("*.md"))]

ALL_PAGES = [TEMPLATE / "README.md", *sorted((TEMPLATE / "docs").rglob("*.md"))]

NETWORK = "installs from the network; the tests run the strata of this checkout"
PACKAGES = "needs real packages: the demo runs the same on them, without Docker, too"
DOCKER = "needs Docker: integration/images runs the same on the rig"
GITHUB = "needs a repository on GitHub: integration/workflows pushes to one of its own"
TESTS = "runs this test"

NOT_EXECUTED = {
    'uv tool install "conda-strata*': NETWORK,
    "python3 -m venv .venv && .venv/bin/pip install nox && .venv/bin/nox -s demo": DOCKER,
    "python3 -m venv .venv && .venv/bin/pip install nox && .venv/bin/nox -s tests": TESTS,
    "strata run -- python -m pip install --no-deps --no-build-isolation -e .": PACKAGES,
    "strata run -- pytest": PACKAGES,
    "strata run -- python -m penguin_study": PACKAGES,
    "git push --set-upstream origin main": GITHUB,
    "pytest": "is typed in a codespace: integration/workflows runs it in the same image",
    "docker run --rm *": DOCKER,
}
"""A command, or a pattern for its name and options, to the reason why it is not executed here."""


DIFFERENT = {"strata diff HEAD:strata.lock strata.lock"}
"""Commands whose exit code is 1, because what they compare is meant to differ."""


def typed(command: Command) -> str:
    """Return lines of shell that run a command, and stop at an exit code that is not expected."""
    rest = " && code=0 || code=$?\ntest $code = 1" if command.text in DIFFERENT else ""
    return f"echo '== line {command.line}'\n{command.text}{rest}\n"


def reason(command: Command) -> str | None:
    """Return why a command is not executed."""
    found = (why for start, why in NOT_EXECUTED.items() if fnmatchcase(command.text, start))
    return next(found, None)


class Handler(SimpleHTTPRequestHandler):
    """Files, always whole: a reader without a cache must not be told that nothing has changed."""

    def do_GET(self) -> None:
        del self.headers["If-Modified-Since"]
        super().do_GET()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def forge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a channel with a package of each name that a generated project asks for, and rich."""
    channel = HandMadeChannel(tmp_path_factory.mktemp("forge"))
    asked = (SOURCE / "environment.yml").read_text("utf-8")
    dev = (SOURCE / "environment-dev.yml").read_text("utf-8").split("dependencies:\n")[1]
    names = re.findall(r'"([a-z0-9-]+)"[,\]]', asked)
    names += [line.split("- ")[1].split()[0] for line in dev.splitlines() if "- " in line]
    python = {"bin/python3.13": "#!/bin/sh\necho python\n", "lib/python3.13/os.py": "name = 1\n"}
    for subdir in ("linux-64", "linux-aarch64", "osx-arm64", "win-64"):
        channel.add("python", "3.13.5", python, subdir=subdir)
    for name in {*names, "rich"}:
        channel.add(name, "1.0", {f"site-packages/{name}.py": "\n"}, ["python"], entry_points=[])
    channel.index(compressed=False)
    for file in channel.folder.glob("*/repodata.json"):
        # Added long ago: generated projects leave out what a channel has had for less than a week.
        file.write_text(re.sub(r',\s*"indexed_timestamp": ?\d+', "", file.read_text()))
    with ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(Handler, directory=channel.folder)
    ) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def shell(tmp_path: Path, template: Path, forge: str) -> dict[str, str]:
    """A user's environment, in which GitHub and conda-forge are folders."""
    programs = tmp_path / "bin"
    programs.mkdir()
    # The template's prompts get Enter, but for the two answers that the tutorial names.
    chosen = {"github_owner": "octo-org", "stack": str(QUESTIONS["stack"].index("minimal") + 1)}
    asked = [name for name in QUESTIONS if not name.startswith("_")]
    answers = "".join(chosen.get(name, "") + "\\n" for name in asked)
    scripts = {
        "strata": f'exec "{sys.executable}" -m conda_strata "$@"',
        "uvx": f'test "$1" = cruft || exit 9\nprintf "{answers}" | "{sys.executable}" -m "$@"',
    }
    for name, text in scripts.items():
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)
    config = tmp_path / "config"
    (config / "rattler").mkdir(parents=True)
    mirror = f'[mirrors]\n"https://conda.anaconda.org/conda-forge" = ["{forge}"]\n'
    (config / "rattler/config.toml").write_text(mirror)
    (tmp_path / "gitconfig").write_text(
        f'[url "{template.as_uri()}"]\n\tinsteadOf = {REPOSITORY}\n'
        '[user]\n\tname = Octo\n\temail = octo@example.org\n[protocol "file"]\n\tallow = always\n'
    )
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "XDG_", "CONDA_"))}
    return kept | {
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(config),
        "GIT_CONFIG_GLOBAL": str(tmp_path / "gitconfig"),
        "RATTLER_CACHE_DIR": str(tmp_path / "cache"),
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(TEMPLATE).as_posix())
def test_commands_of_a_page_work_as_they_stand(
    page: Path, shell: dict[str, str], tmp_path: Path
) -> None:
    chosen = [command for command in commands(page) if reason(command) is None]
    assert chosen, "a page whose commands are all left out tests nothing"
    folder = tmp_path / "work"
    folder.mkdir()
    script = "set -eu\n" + "".join(map(typed, chosen))
    bash = shutil.which("bash")
    assert bash
    done = subprocess.run(
        [bash, "-c", script], cwd=folder, env=shell, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert done.stdout.count("== line ") == len(chosen)
    if page.parent.name == "tutorial":
        project = folder / "penguin-study"
        assert (project / ".conda/conda-meta").is_dir()
        assert list((project / ".conda/conda-meta").glob("rich-*.json"))
        assert git(project, "status", "--porcelain") == ""
        assert git(project, "log", "--format=%s").splitlines() == ["Add rich", "Start the project"]


def test_every_command_that_is_left_out_is_there_and_says_why() -> None:
    found = [command for page in PAGES for command in commands(page)]
    for pattern, why in NOT_EXECUTED.items():
        assert any(fnmatchcase(command.text, pattern) for command in found), pattern
        assert len(why.split()) > 2


def test_what_is_left_out_needs_docker_the_network_or_real_packages() -> None:
    """What strata and cookiecutter can do without these is executed."""
    left = {c.text for page in PAGES for c in commands(page) if reason(c)}
    ours = {text for text in left if text.startswith(("strata", "uvx cruft"))}
    assert all(text.startswith("strata run -- ") for text in ours), ours


def test_blocks_are_read_as_a_shell_reads_them(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "1. one\n\n   ```console\n   $ a \\\n       b\n   printed\n   $ for x in y; do\n   >   c\n"
        "   > done\n   ```\n\n```text\n$ not a command\n```\n"
    )
    assert [(c.text, c.line) for c in commands(page)] == [
        ("a \\\n    b", 4),
        ("for x in y; do\n  c\ndone", 7),
    ]


STRATA = re.compile(r"(?m)(?:^|&& |\| |\$\()strata ([^|&>)\n]*)")


def _strata(page: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield where a page has a command of strata, and its words."""
    for command in commands(page):
        for said in STRATA.findall(command.text.replace("\\\n", " ")):
            if "…" not in said:
                yield f"{page.name}:{command.line}", shlex.split(said)


@pytest.mark.parametrize("page", ALL_PAGES, ids=lambda page: page.relative_to(TEMPLATE).as_posix())
def test_strata_knows_the_options_on_a_page(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also on the pages whose commands are not executed."""
    for where, said in _strata(page):
        try:
            cli.parser().parse_args(said)
        except SystemExit as end:
            assert not end.code, f"{where}: {' '.join(said)}\n{capsys.readouterr().err}"


def test_options_are_read_from_the_pages() -> None:
    assert sum(1 for page in ALL_PAGES for _ in _strata(page)) > 30
