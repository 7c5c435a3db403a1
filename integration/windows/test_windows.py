"""What Windows does otherwise, with Windows's Python: it runs in Wine."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rig.channel import package
from rig.machine import windows
from tests.conftest import HandMadeChannel
from tests.support import python_index

Run = Callable[..., subprocess.CompletedProcess[bytes]]

SAY = "import os, sys; print(os.environ['GREETING'], sys.argv[1:]); sys.exit(7)"


@pytest.fixture(scope="module")
def machine() -> Iterator[windows.Windows]:
    machine = windows.ensure()
    if machine is None:
        if os.environ.get("CI"):
            pytest.fail("CI must have Wine")
        pytest.skip("NO WINE on this machine and none can be installed: Windows is not tested")
    yield machine
    machine.stop()


@pytest.fixture(scope="module")
def channel(machine: windows.Windows, tmp_path_factory: pytest.TempPathFactory) -> HandMadeChannel:
    """A channel with a real Python for Windows, and a package that has a say in activation."""
    channel = HandMadeChannel(tmp_path_factory.mktemp("channel"))
    tree = tmp_path_factory.mktemp("channel") / "python"
    shutil.copytree(
        machine.python, tree, ignore=shutil.ignore_patterns("site-packages", "__pycache__")
    )
    (channel.folder / "win-64").mkdir()
    package.assemble(
        tree,
        name="python",
        version=windows.VERSION,
        flavour="",
        subdir="win-64",
        depends=[],
        out=channel.folder / "win-64",
    )
    files = {
        "etc/conda/activate.d/greeting.bat": "@SET GREETING=hello\r\n",
        "Scripts/greet.bat": "@echo %GREETING% %1\r\n@exit /b 5\r\n",
    }
    channel.add("greeting", files=files, subdir="win-64")
    frames = {"site-packages/frames/__init__.py": "def main():\n    print(3)\n"}
    channel.add("frames", "1.0", frames, ["python"], entry_points=["count-frames = frames:main"])
    channel.index()
    return channel


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[python_index.PythonIndex]:
    with python_index.serving(tmp_path_factory.mktemp("index")) as index:
        index.add("plots", command="draw")
        yield index


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("my project")


@pytest.fixture
def run(machine: windows.Windows, folder: Path, index: python_index.PythonIndex) -> Run:
    def run(*words: str, stdin: str = "") -> subprocess.CompletedProcess[bytes]:
        return machine.strata(*words, cwd=folder, env={"UV_DEFAULT_INDEX": index.url}, stdin=stdin)

    return run


def test_lock_and_install(run: Run, folder: Path, channel: HandMadeChannel) -> None:
    (folder / "environment.yml").write_text(
        f"channels: ['file:///Z:{channel.folder}']\nplatforms: [win-64]\n"
        "dependencies: [greeting, frames, {pip: [plots]}]\n"
    )
    done = run("lock")
    assert done.returncode == 0, done.stdout
    assert b"\r" not in (folder / "strata.lock").read_bytes()
    done = run("install")
    assert done.returncode == 0, done.stdout
    assert b".conda: default, 4 packages, win-64" in done.stdout
    assert run("check").returncode == 0


def test_run_waits_for_the_command_and_has_its_exit_code(run: Run) -> None:
    words = ["a b", 'say "hi"', "%PATH%", "c&d"]
    done = run("run", "--", "python", "-c", SAY, *words)
    assert (done.returncode, done.stdout.decode()) == (7, f"hello {words}\r\n")
    done = run("run", "greet", "you")
    assert (done.returncode, done.stdout) == (5, b"hello you\r\n")


def test_commands_of_packages(run: Run) -> None:
    """Of a conda package, which rattler makes; and of a wheel, which uv makes."""
    assert run("run", "count-frames").stdout == b"3\r\n"
    assert run("run", "draw").stdout == b"1.0\r\n"


def test_a_command_that_is_not_there(run: Run) -> None:
    done = run("run", "nothing")
    assert done.returncode == 2
    assert b"there is no program 'nothing' in Z:\\" in done.stdout


def test_shell(run: Run) -> None:
    assert b"hello there" in run("shell", stdin="@greet there\r\n").stdout
    assert run("shell", stdin="@exit 9\r\n").returncode == 9


def test_what_is_piped_is_utf_8_with_plain_line_ends(run: Run) -> None:
    done = run("diff", "/dev/null", "strata.lock", "--format", "markdown")
    assert done.returncode == 1
    assert "channels: none → " in done.stdout.decode()
    assert b"\r" not in done.stdout


def test_the_doctor_finds_nothing_broken(run: Run) -> None:
    done = run("doctor", "--offline")
    assert done.returncode == 0, done.stdout.decode()
    assert b"__win" in done.stdout
    assert b"bash" not in done.stdout
