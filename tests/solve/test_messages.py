"""What is said when no set of packages fulfils the specs: the line, the reason, what to change."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import HandMadeChannel, Strata

BOTH = "linux-64, win-64"


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> HandMadeChannel:
    """A channel with packages for Linux, for Windows and for both."""
    channel = HandMadeChannel(tmp_path_factory.mktemp("wide"))
    for subdir in ("linux-64", "win-64"):
        channel.add("python", "3.11.5", subdir=subdir)
        channel.add("numbers", "1.0", depends=["python"], subdir=subdir)
        channel.add("numbers", "2.0", depends=["python"], subdir=subdir)
        channel.add("needs-old", "1.0", depends=["numbers <2"], subdir=subdir)
        channel.add("frames", "2.0", subdir=subdir)
        channel.add("frames-stubs", "2.0", depends=["python >=3.12"], subdir=subdir)
    channel.add("only-windows", subdir="win-64")
    channel.index()
    return channel


def refused(strata: Strata, project: Path, channel: HandMadeChannel, specs: list[str]) -> str:
    lines = [f"channels: [{channel.url}]", f"platforms: [{BOTH}]", "dependencies:"]
    lines += [f"  - {spec}" for spec in specs]
    (project / "environment.yml").write_text("\n".join(lines) + "\n")
    done = strata("lock")
    assert done.returncode == 4
    assert not (project / "strata.lock").exists()
    return done.stderr.partition("error: ")[2]


def test_all_unknown_names_with_the_nearest(
    strata: Strata, project: Path, wide: HandMadeChannel
) -> None:
    said = refused(strata, project, wide, ["numbres", "frames", "farmes >=1", "qqqq"])
    assert said.splitlines()[:4] == [
        f"environment.yml:4: numbres: no channel has numbres on {BOTH}",
        "  Did you mean 'numbers'?",
        f"environment.yml:6: farmes >=1: no channel has farmes on {BOTH}",
        "  Did you mean 'frames'?",
    ]
    assert "environment.yml:7: qqqq: no channel has qqqq" in said
    assert "'pip:' list" in said


def test_package_that_one_platform_lacks(
    strata: Strata, project: Path, wide: HandMadeChannel
) -> None:
    said = refused(strata, project, wide, ["only-windows"])
    assert said.splitlines() == [
        "environment.yml:4: only-windows: the channels do not have it on linux-64, only for win-64",
        "  Write 'only-windows  # [win]', or take the platform out.",
    ]


@pytest.mark.parametrize(
    "spec", ["python=3.9", "python>=2,<3", "python ==3.9", "python 3.9.*", "python=3.11.5=h9_9"]
)
def test_line_of_a_version_that_is_not_there(
    strata: Strata, project: Path, wide: HandMadeChannel, spec: str
) -> None:
    said = refused(strata, project, wide, ["frames", spec])
    assert said.startswith(f"environment.yml:5: {spec}: the channels have python 3.11.5 on {BOTH}")
    assert ("Leave the build out" in said) == ("h9_9" in spec)


def test_conflict_names_its_lines_only(
    strata: Strata, project: Path, wide: HandMadeChannel
) -> None:
    said = refused(strata, project, wide, ["frames", "frames-stubs"])
    assert "environment.yml:5: frames-stubs" in said
    assert "environment.yml:4" not in said
    assert "python >=3.12" in said
    said = refused(strata, project, wide, ["needs-old", "numbers=2.0"])
    assert "environment.yml:4: needs-old" in said
    assert "environment.yml:5: numbers=2.0" in said


def test_all_platforms_in_the_order_of_the_file(
    strata: Strata, project: Path, wide: HandMadeChannel
) -> None:
    specs = ["numbers >=3  # [linux]", "frames >=3  # [win]"]
    runs = {refused(strata, project, wide, specs) for _ in range(4)}
    assert len(runs) == 1
    said = runs.pop()
    assert -1 < said.find("environment.yml:4: numbers >=3") < said.find("yml:5: frames >=3")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("numbers=2.0", "Name it, as in '--update numbers'"),
        ("numbres", "Did you mean 'numbers'?"),
        ("qqqq", "there is no package 'qqqq'"),
    ],
)
def test_update_of_what_is_no_name(strata: Strata, words: str, said: str) -> None:
    assert strata("lock").returncode == 0
    done = strata("lock", "--update", words)
    assert done.returncode == 2
    assert said in done.stderr


def test_update_takes_upper_case(strata: Strata) -> None:
    assert strata("lock").returncode == 0
    assert strata("lock", "--update", "Numbers").returncode == 0


def test_unreachable_hosts_are_one_message(strata: Strata, project: Path) -> None:
    text = "channels: ['http://127.0.0.1:9/c']\nplatforms: [linux-64, win-64, osx-arm64]\n"
    (project / "environment.yml").write_text(f"{text}dependencies: [frames]\n")
    for _ in range(2):
        done = strata("lock")
        assert done.returncode == 6
        assert "Traceback" not in done.stderr
        assert "never retrieved" not in done.stderr
