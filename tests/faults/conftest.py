"""A channel on a server that misbehaves, small disks, and strata as a process to be disturbed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import SUBDIR, HandMadeChannel

from .server import Server, serving
from .trees import tree

Process = subprocess.Popen[str]
Start = Callable[..., Process]


_LOCKS: dict[tuple[str, ...], str] = {}
_TREES: dict[tuple[str, ...], dict[str, object]] = {}


@dataclass
class Place:
    """A project whose one channel is a server."""

    folder: Path
    cache: Path
    server: Server
    specs: tuple[str, ...] = ()

    @property
    def prefix(self) -> Path:
        return self.folder / ".conda"

    def ask_for(self, *specs: str) -> None:
        self.specs = specs
        write_manifest(self.folder, self.server.url, *specs)

    def lock(self) -> None:
        """Have what is asked for locked; the work is done once, whatever the server's port."""
        if self.specs not in _LOCKS:
            _run(self.folder, "lock", "--lock", "once.lock", "--upgrade")
            once = self.folder / "once.lock"
            _LOCKS[self.specs] = once.read_text().replace(self.server.url, "URL")
            once.unlink()
        text = _LOCKS[self.specs].replace("URL", self.server.url)
        (self.folder / "strata.lock").write_text(text)

    def undisturbed(self) -> dict[str, object]:
        """Return what a prefix holds after an installation that nothing disturbs."""
        if self.specs not in _TREES:
            prefix = self.cache.parent / "undisturbed"
            _run(self.folder, "install", "--prefix", str(prefix))
            _TREES[self.specs] = tree(prefix)
        return _TREES[self.specs]

    def forget(self) -> None:
        """Drop all that was downloaded."""
        shutil.rmtree(self.cache, ignore_errors=True)

    def snapshot(self) -> dict[str, bytes]:
        """Return the project's own files; the prefix is not among them."""
        return {
            str(p.relative_to(self.folder)): p.read_bytes()
            for p in self.folder.rglob("*")
            if p.is_file() and ".conda" not in p.relative_to(self.folder).parts
        }


def _run(folder: Path, *words: str) -> None:
    subprocess.run([sys.executable, "-m", "conda_strata", *words], cwd=folder, check=True)


def write_manifest(folder: Path, url: str, *specs: str) -> None:
    """Ask the channel at *url* for *specs*."""
    lines = [f"channels: ['{url}']", f"platforms: [{SUBDIR}]", "dependencies:"]
    lines += [f"  - {spec}" for spec in specs]
    (folder / "environment.yml").write_text("\n".join(lines) + "\n")


@pytest.fixture
def place(project: Path, tmp_path: Path, channel: HandMadeChannel) -> Iterator[Place]:
    """Ask for a package of the small channel, which is served."""
    with serving(channel.folder) as server:
        place = Place(project, tmp_path / "cache", server)
        place.ask_for("frames")
        yield place


@pytest.fixture(scope="session")
def wide_channel(tmp_path_factory: pytest.TempPathFactory) -> HandMadeChannel:
    """A channel of packages with many files, in two versions, so that linking takes a while."""
    channel = HandMadeChannel(tmp_path_factory.mktemp("wide"))
    for number in range(12):
        for version in ("1.0", "2.0"):
            folder = f"share/p{number}"
            files = {f"{folder}/{i}-{version}.txt": f"{version} {i}\n" for i in range(100)}
            files |= {f"{folder}/{i}.txt": f"{version} {i}\n" * 50 for i in range(100)}
            depends = [f"p{number - 1} {version}"] if number else []
            channel.add(f"p{number}", version, files, depends)
    channel.index()
    return channel


@pytest.fixture
def wide(project: Path, tmp_path: Path, wide_channel: HandMadeChannel) -> Iterator[Place]:
    """Ask for all packages of the wide channel, which is served."""
    with serving(wide_channel.folder) as server:
        place = Place(project, tmp_path / "cache", server)
        place.ask_for("p11 1.0")
        yield place


@pytest.fixture
def start(project: Path) -> Iterator[Start]:
    """Start strata and return at once; what still runs is killed in the end."""
    running: list[Process] = []

    def begin(*words: str, **env: str) -> Process:
        process = subprocess.Popen(
            [sys.executable, "-m", "conda_strata", *words],
            cwd=project,
            env={**os.environ, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=_interruptible,  # noqa: PLW1509 - it only sets a signal
        )
        running.append(process)
        return process

    yield begin
    for process in running:
        process.kill()
        process.communicate()


def _interruptible() -> None:
    """Undo what a shell does to commands in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mount a small file system of its own in memory."""
    mounted: list[Path] = []

    def mount(options: str) -> Path:
        folder = tmp_path / f"disk{len(mounted)}"
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"a disk that is full needs root and the right to mount: {done.stderr}")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def read_only(disk: Path) -> Iterator[None]:
    """Let nobody write on a mounted disk, not even root."""
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    try:
        yield
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)


def assert_told(stderr: str, *said: str) -> None:
    """One message that says *said*, a fix in the last line, and nothing a user need not see."""
    lines = stderr.strip().splitlines()
    found = [i for i, line in enumerate(lines) if line.startswith("error: ")]
    assert len(found) == 1, stderr
    message = lines[found[0] :]
    assert len(message) == 2, stderr
    assert message[1].startswith("  "), stderr
    for words in said:
        assert words in message[0], stderr
    for leak in ("Traceback", "Caused by", "panicked", "secret"):
        assert leak not in stderr, stderr
