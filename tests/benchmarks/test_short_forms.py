"""Each benchmark that needs no Docker prints its table, here of a few small packages and one run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks import (
    _bench,
    _histories,
    _plans,
    _slice,
    check_speed,
    compression,
    install_speed,
    large_locks,
    lock_speed,
    pip_speed,
    replay,
    siblings,
    slim,
)
from tests.conftest import HandMadeChannel, Strata, write_environment
from tests.support import python_index

if sys.version_info >= (3, 14):
    import tarfile
else:
    from backports.zstd import tarfile

Printed = Callable[..., list[str]]


@pytest.fixture
def printed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Printed:
    """Runs a benchmark's main with arguments, and returns what begins each line it prints."""
    for name in ("HOME", "XDG_CONFIG_HOME", "RATTLER_CACHE_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))  # benchmarks set them, too

    def run(main: Callable[[], int], *words: str) -> list[str]:
        monkeypatch.setattr(sys, "argv", ["benchmark", *words])
        capsys.readouterr()
        assert main() == 0
        return [line[:44].strip() for line in capsys.readouterr().out.splitlines()]

    return run


@pytest.fixture
def repodata(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of a real project's: channels of which one has a package, for all platforms."""
    data = tmp_path / "data"
    data.mkdir()
    with tarfile.open(data / "conda-forge-slice.tar.zst", "w:zst") as archive:
        for name in _slice.CHANNELS:
            channel = HandMadeChannel(tmp_path / name)
            if name == "conda-forge":
                for subdir in _slice.PLATFORMS:
                    channel.add("python", "3.13.1", subdir=subdir)
            channel.index()
            archive.add(channel.folder, name)
    text = f"channels: [{', '.join(_slice.CHANNELS)}]\ndependencies:\n- python\n"
    (data / "pypsa-eur-environment.yml").write_text(text)
    monkeypatch.setattr(_slice, "DATA", data)
    for benchmark in (check_speed, lock_speed, pip_speed):
        monkeypatch.setattr(benchmark, "TIMES", 1)


@pytest.fixture
def locked(project: Path, channel: HandMadeChannel, strata: Strata) -> Path:
    """A project with the environments of the template."""
    write_environment(project, channel, ["tool"], "environment-dev.yml")
    assert strata("lock").returncode == 0
    return project


@pytest.mark.usefixtures("repodata")
def test_check(printed: Printed) -> None:
    assert printed(check_speed.main)[-4:] == [
        *("strata check", "python -c pass", "reading the lock"),
        "check ÷ (2 × nothing + reading)",
    ]


@pytest.mark.usefixtures("repodata")
def test_lock(printed: Printed) -> None:
    lines = printed(lock_speed.main)
    for title in ("strata lock", "four bare rattler solves", "peak memory"):
        assert lines.count(title) == 2, lines
    assert lines[-1] == "strata lock, lock there already"


@pytest.mark.usefixtures("repodata")
def test_pip_list(printed: Printed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(pip_speed, "PACKAGES", ("small",))
    (tmp_path / "index").mkdir()
    with python_index.serving(tmp_path / "index") as index:
        index.add("small")
        monkeypatch.setenv("UV_DEFAULT_INDEX", index.url)
        lines = printed(pip_speed.main)
    assert lines[-4:] == [
        *("strata lock", "strata lock with a pip: list", "uv alone, four platforms at once"),
        "what the list adds ÷ uv alone",
    ]


def test_install(
    printed: Printed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, channel: HandMadeChannel
) -> None:
    (tmp_path / "channels").mkdir()
    (tmp_path / "channels/conda-forge").symlink_to(channel.folder)
    made = SimpleNamespace(ensure=lambda: (tmp_path / "channels", SimpleNamespace(short="3.11")))
    monkeypatch.setattr(install_speed, "channel", made)
    monkeypatch.setattr(install_speed, "TIMES", 1)
    monkeypatch.setattr(install_speed, "SPECS", ("python", "frames"))
    monkeypatch.setattr(install_speed, "MORE", "tool")
    lines = printed(install_speed.main)
    for title in ("strata install", "cp -a", "strata install ÷ cp -a", "tool added ÷ fresh"):
        assert title in lines


@pytest.fixture
def history(project: Path, channel: HandMadeChannel, strata: Strata) -> Path:
    """Two locks, one after the other."""
    history = project / "history"
    history.mkdir()
    for number in ("1.0", "2.0"):
        write_environment(project, channel, ["frames", f"numbers ={number}"])
        assert strata("lock").returncode == 0
        (project / "strata.lock").rename(history / f"{number}.lock")
    return history


def test_replay(printed: Printed, history: Path) -> None:
    lines = printed(replay.main, str(history))
    assert [line[15:43].strip() for line in lines[3:]] == list(_plans.PLANS)


@pytest.fixture
def repository(history: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of the public ones: a repository with one lock after the other, and a later one."""
    folder = tmp_path / "repository"
    git = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    commits = []
    for text in (
        "version: 5\n",
        *[file.read_text("utf-8") for file in sorted(history.iterdir())],
        "later",
    ):
        (folder / "pixi.lock").write_text(text, "utf-8")
        subprocess.run([*git, "add", "."], check=True)
        subprocess.run([*git, "commit", "--quiet", "--message=a lock"], check=True)
        head = subprocess.run(
            [*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True
        )
        commits.append(head.stdout.strip())
    one = _histories.Repository(folder.as_uri(), commits[-2])
    monkeypatch.setattr(_histories, "REPOSITORIES", {_histories.TUNED: one, "judge": one})
    monkeypatch.setattr(_slice, "DATA", tmp_path)
    monkeypatch.setenv("RIG_CACHE", str(tmp_path / "rig"))


@pytest.mark.usefixtures("repository")
def test_replay_of_public_repositories(printed: Printed) -> None:
    lines = printed(replay.main)
    assert [line for line in lines if "locks" in line] == ["PyPSA-Eur: 2 locks", "judge: 2 locks"]
    assert any(line.startswith("histories held out, 1: strata") for line in lines)
    assert sum(line.startswith("less than ") for line in lines) == len(_plans.PLANS) - 2


def test_replay_of_repositories_that_cannot_be_reached(
    printed: Printed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = _histories.Repository((tmp_path / "nowhere").as_uri(), "0" * 40)
    monkeypatch.setattr(_histories, "REPOSITORIES", {"judge": nowhere})
    monkeypatch.setenv("RIG_CACHE", str(tmp_path / "rig"))
    assert printed(replay.main)[0].startswith("skipped: the history of judge: `git clone")
    assert not list((tmp_path / "rig/histories").iterdir())


def test_what_lies_above_a_new_layer_is_unpacked_again() -> None:
    def layers(*names: str) -> _plans.Layers:
        return {name: (int(name[1:]), frozenset(name)) for name in names}

    done = replay.replay([layers("a8", "b4", "c2", "d1"), layers("a8", "b4", "e3", "d1")])
    assert (done.pushed, done.unpacked) == ([3], [3 + 1])
    assert done.seconds == 3 / replay.LINK + 4 / replay.UNPACKED


@pytest.mark.usefixtures("repodata")
def test_large_locks(printed: Printed, history: Path) -> None:
    short = "--counts 10 20 --platforms 1 --updates 2 --times 1 --seconds"
    lines = printed(large_locks.main, str(history), *short.split())
    for row in (
        *("made up: 3 locks in one process", "a real project: 2 locks in one process"),
        *("processor, ms per 1000 packages", "peak memory, MB"),
        *("lock                  four bare solves", "check                 reading the lock"),
        *("plan                  reading the lock", "size                  reading the lock"),
        *("diff, one update      reading both", "diff, all updates     reading both"),
        *("check, 1 platform", "plan, 1 platform", "diff, 1 platform", "size, 1 platform"),
        "plan, 1 platform, one release",
    ):
        assert any(line.startswith(row) for line in lines), row


def test_siblings(printed: Printed, history: Path) -> None:
    lines = printed(siblings.main, str(history), "--pairs", "2")
    plans = len(_plans.PLANS)
    assert [line[:28].strip() for line in lines[2 : 2 + plans]] == list(_plans.PLANS)


def test_compression(printed: Printed, locked: Path) -> None:
    lines = printed(compression.main, str(locked))
    rows = len(compression.WAYS) + len(compression.BY_SIZE)
    assert [line[:24].strip() for line in lines[-rows:][: len(compression.WAYS)]] == list(
        compression.WAYS
    )


def test_slim(printed: Printed, locked: Path) -> None:
    lines = printed(slim.main, str(locked))
    assert sum(line[10:30].strip() == "what stays" for line in lines) == len(slim.ENVIRONMENTS)


def test_a_link_that_is_none_is_wrong_usage(
    printed: Printed, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        printed(lambda: _bench.show(lambda _: [], "", ""), "--link", "fast")
    assert ended.value.code == 2
    assert "fast is no link; write it as 100mbit,20ms" in capsys.readouterr().err
