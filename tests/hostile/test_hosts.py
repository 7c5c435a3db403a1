"""Locks whose packages point elsewhere: check refuses them, lock does not keep them, diff says it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import HandMadeChannel, Strata, write_environment
from tests.support.lock_files import CHANNEL, Conda, Pip, write_lock

from .test_locks import CONDA, WHEELS

Change = Callable[[str, str], str]
GATE = [pytest.param(*case[1:], id=case[0]) for case in (*CONDA, *WHEELS)]


def channel_moved(text: str, folder: str) -> str:
    """Let the lock allow another channel, and take everything from there."""
    return text.replace(f"{folder}/linux-64", "https://evil.example/ch/linux-64").replace(
        f"- url: file://{folder}/", "- url: https://evil.example/ch/"
    )


def second_channel(text: str, folder: str) -> str:
    """Let the lock allow one more channel, and take one package from there."""
    return text.replace(
        f"{folder}/linux-64/python", "https://evil.example/ch/linux-64/python"
    ).replace("    channels:\n", "    channels:\n    - url: https://evil.example/ch/\n")


@pytest.mark.parametrize(("change", "said"), GATE)
def test_check_refuses_what_the_gate_refuses(
    strata: Strata, project: Path, channel: HandMadeChannel, change: Change, said: str
) -> None:
    assert strata("lock").returncode == 0
    lock = project / "strata.lock"
    lock.write_text(change(lock.read_text(), str(channel.folder)))
    done = strata("check")
    assert done.returncode == 1, done.stderr
    said = said.replace("a channel", "a channel of environment.yml") if "under a" in said else said
    assert said in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert "s3cret" not in done.stdout + done.stderr
    assert all(c.isprintable() or c == "\n" for c in done.stdout + done.stderr)


@pytest.mark.parametrize(("change", "said"), GATE)
def test_lock_does_not_keep_it(
    strata: Strata, project: Path, channel: HandMadeChannel, change: Change, said: str
) -> None:
    assert strata("lock").returncode == 0
    lock = project / "strata.lock"
    good = lock.read_text()
    lock.write_text(change(good, str(channel.folder)))
    done = strata("lock")
    assert done.returncode == 0, done.stderr
    assert lock.read_text() == good
    assert strata("check").returncode == 0
    if "not under a channel" in said:
        assert "is not kept from the old lock: its location" in done.stderr
    assert "s3cret" not in done.stdout + done.stderr


@pytest.mark.parametrize("change", [channel_moved, second_channel])
def test_a_channel_of_the_lock_alone_allows_nothing(
    strata: Strata, project: Path, channel: HandMadeChannel, change: Change
) -> None:
    """The channels are those of environment.yml, whatever the lock says of its own."""
    assert strata("lock").returncode == 0
    lock = project / "strata.lock"
    good = lock.read_text()
    lock.write_text(change(good, str(channel.folder)))
    done = strata("check")
    assert done.returncode == 1
    assert "https://evil.example/ch/linux-64 is not under a channel of environment" in done.stdout
    assert channel.url in done.stdout
    assert strata("lock").returncode == 0
    assert lock.read_text() == good


def test_many_packages_are_one_line(strata: Strata, project: Path) -> None:
    packages = [Conda(f"p{n}-1.0-0", channel="https://evil.example/ch/") for n in range(50)]
    write_lock(project / "strata.lock", {"default": {"linux-64": packages}})
    specs = "".join(f"  - p{n}\n" for n in range(50))
    head = "channels: [conda-forge]\nplatforms: [linux-64]\ndependencies:\n"
    (project / "environment.yml").write_text(head + specs)
    done = strata("check")
    assert done.returncode == 1
    (line,) = done.stdout.splitlines()
    assert line.startswith("p0-1.0-0, p1-1.0-0, ")
    assert " and 45 more on linux-64: its location https://evil.example/ch/noarch is not" in line


def test_check_json(strata: Strata, project: Path, channel: HandMadeChannel) -> None:
    strata("lock")
    lock = project / "strata.lock"
    lock.write_text(second_channel(lock.read_text(), str(channel.folder)))
    report = json.loads(strata("check", "--json").stdout)
    assert any("evil.example" in p["problem"] for p in report["problems"])


def test_another_platform_is_solved_again(
    strata: Strata, project: Path, channel: HandMadeChannel
) -> None:
    """--platform leaves other platforms as they are, unless what they have cannot stay."""
    file = write_environment(project, channel, ["left"])
    file.write_text(file.read_text().replace("linux-64", "linux-64, noarch-less"))
    file.write_text(file.read_text().replace("linux-64, noarch-less", "linux-64, linux-aarch64"))
    file.write_text(file.read_text().replace("  - left", "  - left  # [linux64]"))
    assert strata("lock").returncode == 0
    lock = project / "strata.lock"
    good = lock.read_text()
    lock.write_text(good.replace(f"{channel.folder}/linux-64/", "https://evil.example/linux-64/"))
    assert lock.read_text() != good
    assert strata("lock", "--platform", "linux-aarch64").returncode == 0
    assert lock.read_text() == good


def test_edges_come_from_the_channel(strata: Strata, project: Path) -> None:
    """Dependencies that were edited by hand are not kept."""
    strata("lock")
    lock = project / "strata.lock"
    good = lock.read_text()
    lock.write_text(good.replace("  - python\n", "  - python\n  - evil\n", 1))
    assert lock.read_text() != good
    assert strata("lock").returncode == 0
    assert lock.read_text() == good


def test_a_channel_of_one_package_is_allowed(
    strata: Strata, project: Path, channel: HandMadeChannel, tmp_path: Path
) -> None:
    """What only 'channel::package' names is a channel too: locked, checked and installed."""
    other = HandMadeChannel(tmp_path / "other")
    other.add("numbers", "7.0", depends=["python"])
    other.index()
    write_environment(project, channel, ["frames", f"{other.url}::numbers"])
    assert strata("lock").returncode == 0
    assert strata("check").returncode == 0
    assert strata("install").returncode == 0
    write_environment(project, channel, ["frames", "numbers"])
    done = strata("check")
    assert done.returncode == 1
    assert f"{other.url}/linux-64 is not under a channel of environment.yml" in done.stdout


EVIL = "https://evil.example/conda-forge/"
SAME_HOST = "https://conda.anaconda.org/evil/"
DIFFERENCES = [
    pytest.param(
        Conda("a-1-0", channel=EVIL),
        "host changed: a: https://conda.anaconda.org/conda-forge → https://evil.example/conda-forge",
        id="host",
    ),
    pytest.param(
        Conda("a-1-0", channel=EVIL, sha256="c" * 64),
        "host changed: a: https://conda.anaconda.org/conda-forge → https://evil.example/conda-forge",
        id="host-and-hash",
    ),
    pytest.param(
        Conda("a-2-0", channel=EVIL),
        "host changed: a: https://conda.anaconda.org/conda-forge → https://evil.example/conda-forge",
        id="host-and-version",
    ),
    pytest.param(
        Conda("a-1-0", channel="http://conda.anaconda.org/conda-forge/"),
        "host changed: a: https://conda.anaconda.org/conda-forge → http://conda.anaconda.org/",
        id="http",
    ),
    pytest.param(
        Conda("a-1-0", channel=SAME_HOST),
        "channel changed: a: https://conda.anaconda.org/conda-forge → https://conda.anaconda.org/evil",
        id="channel",
    ),
    pytest.param(
        Conda("a-1-0", channel=f"{CHANNEL}label/x/"),
        "channel changed: a: https://conda.anaconda.org/conda-forge → https://conda.anaconda.org/co",
        id="label",
    ),
    pytest.param(
        Conda("a-1-0", depends=["evil"]),
        "dependencies changed in the same build: a: now evil (linux-64)",
        id="edge",
    ),
    pytest.param(
        Pip("w-1.0", host="https://evil.example/"),
        "host changed: w (pip): https://files.pythonhosted.org → https://evil.example",
        id="wheel-host",
    ),
    pytest.param(
        Pip("w-1.0", host="file:///tmp/"),
        "host changed: w (pip): https://files.pythonhosted.org → a local file",
        id="wheel-file",
    ),
    pytest.param(
        Pip("w-1.0", requires=["evil"]),
        "dependencies changed in the same build: w (pip): now evil (linux-64)",
        id="wheel-edge",
    ),
]


@pytest.mark.parametrize(("package", "said"), DIFFERENCES)
def test_diff_warns_first(strata: Strata, project: Path, package: Conda | Pip, said: str) -> None:
    before: list[str | Conda | Pip] = ["a-1-0", "b-1-0", Pip("w-1.0")]
    place = 2 if isinstance(package, Pip) else 0
    after = [*before[:place], package, *before[place + 1 :]]
    write_lock(project / "a.lock", {"default": {"linux-64": before}})
    write_lock(project / "b.lock", {"default": {"linux-64": after}}, [CHANNEL, SAME_HOST])
    text = strata("diff", "a.lock", "b.lock")
    assert text.returncode == 1
    assert text.stdout.startswith(f"warning: {said}")
    marked = strata("diff", "a.lock", "b.lock", "--format", "markdown").stdout
    assert marked.startswith(f"> [!WARNING]\n> - {said.split(':')[0]}: ")
    report = json.loads(strata("diff", "a.lock", "b.lock", "--json").stdout)
    (warned,) = report["warnings"]
    assert (warned["name"], warned["platform"]) == ("w" if place else "a", "linux-64")
    assert warned["kind"] == said.split()[0]
    assert (warned["environment"], report["same"]) == ("default", False)


def test_diff_says_which_edge_is_gone(strata: Strata, project: Path) -> None:
    before, after = Conda("a-1-0", depends=["b >=1", "c"]), Conda("a-1-0", depends=["b", "c"])
    write_lock(project / "a.lock", {"default": {"linux-64": [before], "osx-64": [before]}})
    write_lock(project / "b.lock", {"default": {"linux-64": [after], "osx-64": [after]}})
    done = strata("diff", "a.lock", "b.lock")
    edge = "a: now b; without b >=1 (linux-64, osx-64)"
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        f"warning: dependencies changed in the same build: {edge}",
        "no package changed",
    ]


def test_an_upgrade_may_need_something_else(strata: Strata, project: Path) -> None:
    new = [Conda("a-2-0", depends=["b"]), Conda("b-1-0")]
    for name, packages in (("a", [Conda("a-1-0")]), ("b", new)):
        write_lock(project / f"{name}.lock", {"default": {"linux-64": packages}})
    assert "warning" not in strata("diff", "a.lock", "b.lock").stdout


def test_many_warnings_are_cut(strata: Strata, project: Path) -> None:
    old = [Conda(f"p{n}-1-0", depends=["x"]) for n in range(3000)]
    new = [Conda(f"p{n}-1-0", depends=[f"evil{n}"]) for n in range(3000)]
    for name, packages in (("a", old), ("b", new)):
        write_lock(project / f"{name}.lock", {"default": {"linux-64": packages}})
    marked = strata("diff", "a.lock", "b.lock", "--format", "markdown").stdout
    assert len(marked) < 60_000
    assert "> - … and " in marked
