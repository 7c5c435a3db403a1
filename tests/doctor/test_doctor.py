"""The real command, in a healthy project and with one thing broken at a time."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from conda_strata.core import container
from conda_strata.core.errors import StrataError
from conda_strata.doctor import docker, machine, workspace
from conda_strata.lock.model import Lock
from conda_strata.pypi.wheel import Wheel
from tests.conftest import SUBDIR, HandMadeChannel, Strata, write_environment
from tests.faults.conftest import disk
from tests.support import read_only

__all__ = ["disk"]

IDENTITY = ("-c", "user.name=t", "-c", "user.email=t@example.org")


@dataclass
class Patient:
    """A healthy project, on a machine with the tools given by the folder ``tools``."""

    folder: Path
    tools: Path
    strata: Strata

    def examine(self, *words: str, **env: str) -> tuple[int, dict[str, list[dict[str, str]]]]:
        """Return the exit code, and the findings by check."""
        env = {"PATH": str(self.tools), **env}
        done = self.strata("doctor", "--json", *words, **env)
        assert done.stderr == ""
        report = json.loads(done.stdout)
        assert report["ok"] == (done.returncode == 0)
        found: dict[str, list[dict[str, str]]] = {}
        for finding in report["findings"]:
            found.setdefault(finding["check"], []).append(finding)
        return done.returncode, found

    def expect(self, check: str, level: str, said: str, *words: str, **env: str) -> None:
        """Examine, and find nothing wrong but the one thing."""
        code, found = self.examine(*words, **env)
        told = [f for f in found.get(check, ()) if f["level"] == level]
        assert told, found
        assert said in told[0]["what"]
        assert told[0]["fix"]
        assert code == (level == "problem")


@pytest.fixture
def patient(
    strata: Strata, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Patient:
    for name in list(os.environ):
        if name.lower() in {"http_proxy", "https_proxy", "all_proxy", "no_proxy"}:
            monkeypatch.delenv(name)
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("bash", "git", "env"):
        (tools / name).symlink_to(shutil.which(name) or f"/no/{name}")
    program = tools / "docker"
    program.write_text("#!/bin/sh\necho 28.0.1\n")
    program.chmod(0o755)
    assert strata("lock").returncode == 0
    assert strata("install").returncode == 0
    (project / ".gitattributes").write_text("strata.lock linguist-generated\n")
    for words in (["init", "-q"], ["add", "environment.yml", "strata.lock", ".gitattributes"]):
        subprocess.run(["git", *IDENTITY, *words], cwd=project, check=True)
    return Patient(project, tools, strata)


def test_healthy_project(patient: Patient, channel: HandMadeChannel) -> None:
    code, found = patient.examine()
    assert code == 0
    assert [f for findings in found.values() for f in findings if f["level"] != "ok"] == []
    assert found["platform"][0]["what"] == "linux-64: 3 packages locked"
    assert found["channel"][0]["what"] == f"{channel.url} answers"
    assert found["prefix"][0]["what"].endswith(".conda is 'default', 3 packages")
    assert set(found) == {
        "environment", "lock", "up to date", "platform", "machine", "prefix", "bash", "cache", "links",
        "configuration", "channel", "docker", "buildx", "git", "workspace", "port",
    }  # fmt: skip


def test_text_is_readable_at_80_columns(patient: Patient) -> None:
    (patient.folder / "strata.lock").unlink()
    done = patient.strata("doctor", PATH=str(patient.tools), COLUMNS="80")
    lines = done.stdout.splitlines()
    assert done.returncode == 1
    assert "\x1b" not in done.stdout
    assert "✗ fail  lock          strata.lock is missing" in lines
    assert f"{'':<22}→ Run 'strata lock' to make it." in lines
    assert lines[-1].startswith("1 problem, no warnings")
    assert not [line for line in lines if len(line) > 80 and " " in line.strip()[:58]]


def test_nothing_is_changed(patient: Patient) -> None:
    def snapshot() -> dict[str, int]:
        return {str(p): p.lstat().st_mtime_ns for p in patient.folder.rglob("*")}

    before = snapshot()
    patient.examine()
    assert snapshot() == before


def test_environment_file(patient: Patient) -> None:
    (patient.folder / "environment.yml").write_text("dependencies: numpy\n")
    patient.expect("environment", "problem", "environment.yml:1:")


def test_missing_and_broken_lock(patient: Patient) -> None:
    (patient.folder / "strata.lock").write_text("version: 99\n")
    patient.expect("lock", "problem", "strata.lock")
    (patient.folder / "strata.lock").unlink()
    patient.expect("lock", "problem", "strata.lock is missing")


def test_stale_lock(patient: Patient, channel: HandMadeChannel) -> None:
    write_environment(patient.folder, channel, ["frames", "tool"])
    patient.expect("up to date", "problem", "'tool' is not locked")


def test_other_platform(patient: Patient, channel: HandMadeChannel) -> None:
    file = write_environment(patient.folder, channel, [])
    file.write_text(file.read_text().replace("linux-64", "osx-arm64"))
    (patient.folder / "strata.lock").unlink()
    assert patient.strata("lock").returncode == 0
    patient.expect("platform", "problem", "not locked for linux-64")


def test_virtual_packages(patient: Patient, channel: HandMadeChannel) -> None:
    """A package that asks for CUDA 12 is named; without a GPU it may still run, on the CPU."""
    write_environment(patient.folder, channel, ["needs-cuda"])
    subdirs = "subdirs: {linux-64: {packages: {__cuda: '12.4'}}}\n"
    (patient.folder / "virtual-packages.yml").write_text(subdirs)
    assert patient.strata("lock").returncode == 0
    assert patient.strata("install").returncode == 0
    patient.expect("machine", "warning", "needs-cuda will use no GPU", CONDA_OVERRIDE_CUDA="")
    patient.expect("machine", "problem", "it has 11.8", CONDA_OVERRIDE_CUDA="11.8")
    assert patient.examine(CONDA_OVERRIDE_CUDA="12.6")[0] == 0


def test_prefix(patient: Patient) -> None:
    meta = patient.folder / ".conda/conda-meta"
    (meta / "frames-1.0-h0_0.json").rename(meta / "frames-0.9-h0_0.json")
    said = "lacks frames-1.0-h0_0 and also has frames-0.9-h0_0"
    patient.expect("prefix", "problem", said)
    shutil.rmtree(patient.folder / ".conda")
    patient.expect("prefix", "warning", "no conda environment")
    patient.expect("prefix", "problem", "elsewhere", "--prefix", "elsewhere")


def test_prefix_is_compared_with_the_nearest_environment(
    patient: Patient, channel: HandMadeChannel
) -> None:
    write_environment(patient.folder, channel, ["tool"], "environment-dev.yml")
    patient.strata("lock")
    patient.strata("install", "--env", "dev")
    assert "is 'dev', 4 packages" in patient.examine()[1]["prefix"][0]["what"]
    patient.expect("prefix", "problem", "also has tool-1.0-h0_0", "--env", "default")


def test_configuration(patient: Patient) -> None:
    """Mirrors are listed, their credentials are not."""
    file = patient.folder.parent / ".config/rattler/config.toml"
    file.parent.mkdir(parents=True)
    url = "https://me:secret@mirror.example/t/tk-123/conda-forge"
    file.write_text(f'[mirrors]\n"https://conda.anaconda.org/conda-forge" = ["{url}"]\n')
    code, found = patient.examine(https_proxy="http://me:hush@proxy.example:3128")
    assert code == 0
    assert "https://mirror.example/conda-forge" in found["configuration"][0]["what"]
    assert found["proxy"][0]["what"] == "https_proxy=http://proxy.example:3128"
    assert not [word for word in ("secret", "tk-123", "hush") if word in str(found)]
    file.write_text("mirrors = 3\n")
    patient.expect("configuration", "problem", "cannot be read")


def test_channel(patient: Patient, channel: HandMadeChannel) -> None:
    file = patient.folder / "environment.yml"
    gone = "http://127.0.0.1:9/conda"
    for name in ("environment.yml", "strata.lock"):
        file = patient.folder / name
        text = file.read_text().replace(channel.url, gone)
        file.write_text(text.replace(str(channel.folder), gone))
    patient.expect("channel", "problem", f"{gone} cannot be read")
    code, found = patient.examine("--offline")
    assert (code, "channel" in found) == (0, False)
    mirror = f'[mirrors]\n"{gone}" = ["http://me:secret@127.0.0.1:9/t/tk-123/conda"]\n'
    config = patient.folder.parent / ".config/rattler/config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(mirror)
    told = str(patient.examine()[1]["channel"])
    assert "cannot be read" in told
    assert "secret" not in told
    assert "tk-123" not in told


def test_cache(patient: Patient) -> None:
    (patient.folder / "file").write_text("")
    patient.expect("cache", "problem", "cannot be written", RATTLER_CACHE_DIR="file/cache")


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs a second file system")  # noqa: S108
def test_cache_on_another_file_system(patient: Patient) -> None:
    if Path("/dev/shm").stat().st_dev == patient.folder.stat().st_dev:  # noqa: S108
        pytest.skip("needs a second file system")
    elsewhere = "/dev/shm/strata-no-such-folder"  # noqa: S108
    patient.expect("links", "warning", "another file system", RATTLER_CACHE_DIR=elsewhere)


def test_tools(patient: Patient) -> None:
    (patient.tools / "docker").write_text("#!/bin/sh\nexit 1\n")
    patient.expect("docker", "warning", "no Docker daemon answers")
    patient.expect("buildx", "warning", "no buildx")
    (patient.tools / "git").unlink()
    patient.expect("git", "warning", "git is not there")
    (patient.tools / "bash").unlink()
    patient.expect("bash", "problem", "bash is not on PATH")


@pytest.mark.parametrize(("inside", "level"), [(True, "ok"), (False, "warning")])
def test_docker_is_not_missed_inside_a_container(
    patient: Patient, monkeypatch: pytest.MonkeyPatch, inside: bool, level: str
) -> None:
    mark = patient.folder / "mark"
    if inside:
        mark.touch()
    monkeypatch.setattr(container, "MARKS", (mark,))
    (patient.tools / "docker").unlink()
    monkeypatch.setenv("PATH", str(patient.tools))
    assert [f.level for f in docker.docker(None)] == [level]


DOCKER = """#!/bin/sh
[ "$1" != buildx ] || { echo "docker: 'buildx' is not a docker command." >&2; exit 1; }
[ "$1" = info ] && echo "$ROOT" || echo 28.0.1
"""
"""As Debian's docker.io answers without its recommended packages."""


def test_docker_without_buildx(patient: Patient) -> None:
    (patient.tools / "docker").write_text(DOCKER)
    patient.expect("buildx", "warning", "images can be pulled and run, but not built", ROOT="/no")


def test_room_for_the_image(patient: Patient, disk: Callable[[str], Path]) -> None:
    """The base and the archives of the lock, and those once more as they are unpacked."""
    (patient.tools / "docker").write_text(DOCKER)
    enough, little = str(disk("size=900m")), str(disk("size=700m"))
    said = "has 734.0 MB free, and the largest image takes some 800.0 MB"
    assert patient.examine(ROOT=enough)[1]["room"][0]["level"] == "ok"
    patient.expect("room", "warning", said, ROOT=little)
    lock = patient.folder / "strata.lock"
    lock.write_text(re.sub(r"(?m)^(  +size): \d+$", r"\1: 50000000", lock.read_text(), count=1))
    patient.expect("room", "warning", "takes some 1,030.0 MB", ROOT=enough)


def test_workspace_that_is_read_only(patient: Patient) -> None:
    done = read_only.python(patient.folder, "-m", "conda_strata", "doctor", "--offline")
    assert done.returncode == 1, done.stderr
    failed = [line for line in done.stdout.splitlines() if line.startswith("✗ fail")]
    assert [line.split()[2] for line in failed] == ["workspace"]
    assert "cannot be written" in done.stdout


def test_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        number = other.getsockname()[1]
        threading.Thread(target=lambda: other.accept()[0].close()).start()
        (found,) = workspace.port(number)
    assert (found.level, f"port {number}," in found.what) == ("warning", True)
    assert f"-p 127.0.0.1:{number + 1}:{number}" in found.fix
    assert [f.level for f in workspace.port(number)] == ["ok"]


def test_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    """What installs wheels is only asked for where the lock has any."""
    wheel = Wheel("cowsay", "6.1", "https://example.org/cowsay-6.1-py3-none-any.whl", "0" * 64)
    lock = Lock({"default": {SUBDIR: []}}, (), Path("strata.lock"), {"default": {SUBDIR: [wheel]}})
    assert [f.level for f in machine.uv(lock, SUBDIR)] == ["ok"]
    assert list(machine.uv(lock, "win-64")) == []

    def missing() -> list[str]:
        raise StrataError("uv is not here")

    monkeypatch.setattr(machine, "uv_command", missing)
    assert [f.level for f in machine.uv(lock, SUBDIR)] == ["problem"]


def _ignored(folder: Path) -> None:
    subprocess.run(["git", "rm", "-q", "--cached", "strata.lock"], cwd=folder, check=True)
    (folder / ".gitignore").write_text("*.lock\n")


def _untracked(folder: Path) -> None:
    subprocess.run(["git", "rm", "-q", "--cached", "strata.lock"], cwd=folder, check=True)


@pytest.mark.parametrize(
    ("breaks", "said"),
    [
        (_ignored, "strata.lock is ignored"),
        (_untracked, "strata.lock is not tracked"),
        (lambda folder: (folder / ".gitattributes").write_text(""), "not marked as generated"),
        (lambda folder: shutil.rmtree(folder / ".git"), "no git repository"),
    ],
)
def test_git(patient: Patient, breaks: Callable[[Path], object], said: str) -> None:
    breaks(patient.folder)
    patient.expect("git", "warning", said)
