"""Post-link scripts: named wherever packages are dealt with, run where environment.yml allows it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.conftest import HandMadeChannel, Strata, write_environment

HERE = "here=$(printenv PRE''FIX)"
"""The channel of the tests writes the prefix in the place of the word itself."""
SCRIPT = f"""\
#!/bin/bash
{HERE}
echo "$PKG_NAME $PKG_VERSION $PKG_BUILDNUM" >> "$here/ran"
echo "$(printenv CONDA_PRE''FIX)|$GREETING|${{PATH%%:*}}" >> "$here/inside"
test ! -e "$here/ran-base" || echo after >> "$here/order"
echo hello >> "$here/.messages.txt"
test ! -e "$here/share/broken" || {{ echo "no plugins here"; exit 3; }}
"""
BASE = f'#!/bin/bash\n{HERE}\ntouch "$here/ran-base"\n'


@pytest.fixture
def scripted(tmp_path: Path, project: Path) -> HandMadeChannel:
    """A channel with two packages that have scripts, of which one needs the other."""
    channel = HandMadeChannel(tmp_path / "own")
    files = {"bin/.graphviz-post-link.sh": SCRIPT, "share/graphviz.txt": "g\n"}
    channel.add("graphviz", "1.0", files, ["zbase"])
    channel.add("graphviz", "2.0", files, ["zbase"])
    channel.add("zbase", "1.0", {"bin/.zbase-post-link.sh": BASE})
    channel.index()
    allow(project, channel)
    return channel


def allow(
    project: Path, channel: HandMadeChannel, *names: str, spec: str = "graphviz =1.0"
) -> None:
    file = write_environment(project, channel, [spec])
    more = "variables:\n  GREETING: hi\n"
    more += f"link-scripts: [{', '.join(names)}]\n" if names else ""
    file.write_text(file.read_text() + more)


def lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


@pytest.mark.usefixtures("scripted")
def test_what_is_not_allowed_is_named_with_what_it_does(strata: Strata, project: Path) -> None:
    assert "post-link" not in strata("lock").stderr
    done = strata("install")
    assert done.returncode == 0, done.stderr
    assert "graphviz-1.0-h0_0: its post-link script bin/.graphviz-post-link.sh (" in done.stderr
    assert "registers its plugins" in done.stderr
    assert "'link-scripts: [graphviz]' in environment.yml allows it" in done.stderr
    assert not (project / ".conda/ran").exists()
    assert not (project / ".conda/ran-base").exists()
    # from now on its content is known
    again = strata("lock")
    assert again.stderr.count("does not run, unless environment.yml has 'link-scripts: [") == 2


def test_what_is_allowed_runs_once_as_conda_runs_it(
    strata: Strata, project: Path, scripted: HandMadeChannel
) -> None:
    allow(project, scripted, "graphviz", "zbase")
    assert strata("lock").returncode == 0
    done = strata("install")
    assert done.returncode == 0, done.stderr
    prefix = project / ".conda"
    assert lines(prefix / "ran") == ["graphviz 1.0 0"]
    assert lines(prefix / "inside") == [f"{prefix}|hi|{prefix / 'bin'}"]
    assert lines(prefix / "order") == ["after"]  # what it depends on has run before
    assert "graphviz-1.0-h0_0: hello" in done.stderr
    assert not (prefix / ".messages.txt").exists()
    again = strata("install")
    assert again.returncode == 0
    assert lines(prefix / "ran") == ["graphviz 1.0 0"]
    assert "post-link" not in again.stderr
    assert "post-link" not in strata("lock").stderr


def test_only_what_is_allowed_runs(
    strata: Strata, project: Path, scripted: HandMadeChannel
) -> None:
    allow(project, scripted, "GraphViz")
    assert strata("lock").returncode == 0
    done = strata("install")
    assert done.returncode == 0, done.stderr
    assert lines(project / ".conda/ran") == ["graphviz 1.0 0"]
    assert not (project / ".conda/ran-base").exists()
    assert "zbase-1.0-h0_0: its post-link script bin/.zbase-post-link.sh was not run" in done.stderr


def test_it_can_be_allowed_later_and_runs_again_for_another_version(
    strata: Strata, project: Path, scripted: HandMadeChannel
) -> None:
    assert strata("lock").returncode == 0
    assert strata("install").returncode == 0
    allow(project, scripted, "graphviz")
    assert strata("install").returncode == 0
    ran = project / ".conda/ran"
    assert lines(ran) == ["graphviz 1.0 0"]
    allow(project, scripted, "graphviz", spec="graphviz =2.0")
    assert strata("lock").returncode == 0
    assert strata("install").returncode == 0
    assert lines(ran) == ["graphviz 1.0 0", "graphviz 2.0 0"]


def test_a_failure_is_told_and_tried_again(
    strata: Strata, project: Path, scripted: HandMadeChannel
) -> None:
    allow(project, scripted, "graphviz")
    assert strata("lock").returncode == 0
    broken = project / ".conda/share/broken"
    broken.parent.mkdir(parents=True)
    broken.touch()
    done = strata("install")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "graphviz-1.0-h0_0: its post-link script" in done.stderr
    assert "failed with exit code 3: no plugins here" in done.stderr
    broken.unlink()
    again = strata("install")
    assert again.returncode == 0, again.stderr
    assert lines(project / ".conda/ran") == ["graphviz 1.0 0"] * 2
    assert "linking all again" not in again.stderr


def test_an_interrupted_installation_runs_it_again(
    strata: Strata, project: Path, scripted: HandMadeChannel
) -> None:
    allow(project, scripted, "graphviz")
    assert strata("lock").returncode == 0
    assert strata("install").returncode == 0
    (project / ".conda/conda-meta/strata-unfinished").write_text("changed")
    assert strata("install").returncode == 0
    assert lines(project / ".conda/ran") == ["graphviz 1.0 0"] * 2


def test_an_environment_of_its_own(
    strata: Strata, project: Path, scripted: HandMadeChannel
) -> None:
    file = write_environment(project, scripted, ["graphviz"], "environment-dev.yml")
    file.write_text(file.read_text() + "link-scripts:\n  - graphviz  # [linux]\n")
    assert strata("lock").returncode == 0
    assert strata("install").returncode == 0
    assert not (project / ".conda/ran").exists()
    assert strata("install", "--env", "dev").returncode == 0
    assert lines(project / ".conda/ran") == ["graphviz 1.0 0"]


def test_without_an_environment_file_none_runs(
    strata: Strata, project: Path, scripted: HandMadeChannel
) -> None:
    """A lock can come from anybody."""
    allow(project, scripted, "graphviz")
    assert strata("lock").returncode == 0
    (project / "environment.yml").unlink()
    assert strata("install").returncode == 0
    assert not (project / ".conda/ran").exists()


def test_a_name_that_is_not_locked(
    strata: Strata, project: Path, scripted: HandMadeChannel
) -> None:
    allow(project, scripted, "graphvis")
    assert strata("lock").returncode == 0
    done = strata("install")
    assert done.returncode == 0
    assert "environment.yml:7: 'graphvis' under 'link-scripts:' is not locked here" in done.stderr


@pytest.mark.parametrize("wrong", ["graphviz >=2", "../x", "conda-forge::graphviz", "a b", "*", ""])
def test_what_is_no_name(strata: Strata, project: Path, wrong: str) -> None:
    file = project / "environment.yml"
    file.write_text(file.read_text() + f"link-scripts: ['{wrong}']\n")
    done = strata("lock")
    assert done.returncode == 3
    assert "environment.yml:5: " in done.stderr


def test_layers_have_none_of_it_and_say_so(
    strata: Strata, project: Path, scripted: HandMadeChannel
) -> None:
    allow(project, scripted, "graphviz", "zbase")
    assert strata("lock").returncode == 0
    done = strata("layers", "--out", "out")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("was not run: the layers lack what it makes") == 2
    assert not list((project / "out").rglob("ran*"))
    # the script itself is there, for the Dockerfile to run
    assert list((project / "out").rglob(".graphviz-post-link.sh"))


def test_the_doctor_names_what_did_not_run(
    strata: Strata, project: Path, scripted: HandMadeChannel
) -> None:
    def found() -> list[dict[str, str]]:
        told = json.loads(strata("doctor", "--offline", "--json").stdout)["findings"]
        return [one for one in told if one["check"] == "link script"]

    assert strata("lock").returncode == 0
    assert strata("install").returncode == 0
    assert [one["level"] for one in found()] == ["warning"] * 2
    assert "link-scripts: [graphviz]" in found()[1]["fix"]
    allow(project, scripted, "graphviz", "zbase")
    assert [one["fix"] for one in found()] == ["Run 'strata install'."] * 2
    assert strata("install").returncode == 0
    assert found() == []


@pytest.mark.usefixtures("scripted")
def test_the_lines_of_the_how_to_page(strata: Strata, project: Path) -> None:
    """What stands there for a Dockerfile does in an image what 'strata install' does here."""
    assert strata("lock").returncode == 0
    assert strata("install").returncode == 0
    page = Path(__file__).parents[2] / "docs/how-to/post-link-scripts.md"
    [line] = [x for x in page.read_text().splitlines() if x.startswith("RUN ")]
    prefix = project / ".conda"
    done = subprocess.run(
        ["sh", "-c", line.removeprefix("RUN ")],
        env={"CONDA_PREFIX": str(prefix), "PATH": f"{prefix}/bin:{os.environ['PATH']}"},
        check=False,
    )
    assert done.returncode == 0
    assert [x.split()[0] for x in lines(prefix / "ran")] == ["graphviz"]
