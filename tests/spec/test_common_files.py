"""What people's files have, and what was refused: other encodings, nulls, defaults, conditions."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from conda_strata.spec import manifest as manifests
from tests.conftest import HandMadeChannel, Strata


def write(folder: Path, channel: HandMadeChannel, text: str) -> Path:
    file = folder / "environment.yml"
    file.write_text(f"channels: [{channel.url}]\nplatforms: [linux-64]\n{text}", "utf-8")
    return file


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ],
    ids=["bom", "utf-16-le", "utf-16-be"],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_encodings_of_editors_and_of_powershell(
    strata: Strata,
    project: Path,
    channel: HandMadeChannel,
    mark: bytes,
    encoding: str,
    newline: str,
) -> None:
    file = write(project, channel, "dependencies:\n  - frames\n  - left  # [win]\n")
    text = file.read_text("utf-8").replace("\n", newline)
    file.write_bytes(mark + text.encode(encoding))
    assert strata("lock").returncode == 0
    assert "left-1.0" not in (project / "strata.lock").read_text()
    assert strata("check").returncode == 0


@pytest.mark.parametrize("null", ["~", "null", "", "[]"])
def test_null_is_empty(strata: Strata, project: Path, channel: HandMadeChannel, null: str) -> None:
    write(project, channel, f"name: {null or '~'}\nvariables: {null if null != '[]' else ''}\n")
    with (project / "environment.yml").open("a") as file:
        file.write(f"dependencies:\n  - frames\n  - pip: {null}\n")
    assert strata("lock").returncode == 0
    (project / "environment.yml").write_text(f"dependencies: {null}\nplatforms: {null}\n")
    read = manifests.load([project / "environment.yml"])
    assert read.environments == {"default": ()}
    (project / "environment.yml").write_text(f"channels: {null}\n")
    assert manifests.load([project / "environment.yml"]).channels == ("conda-forge",)


def test_defaults_are_the_channels_of_anaconda(project: Path) -> None:
    file = project / "environment.yml"
    file.write_text(
        "channels: [conda-forge, defaults]\n"
        "dependencies: ['defaults::numpy', 'defaults::r-base', 'pkgs/main::xz']\n"
    )
    read = manifests.load([file])
    base = "https://repo.anaconda.com/pkgs"
    assert read.channels == ("conda-forge", f"{base}/main", f"{base}/r", f"{base}/msys2")
    texts = [spec.text for spec in read.environments["default"]]
    assert texts == [f"{base}/main::numpy", f"{base}/r::r-base", f"{base}/main::xz"]


def test_defaults_are_noticed_with_their_line(strata: Strata, project: Path) -> None:
    (project / "environment.yml").write_text("channels:\n  - defaults\n")
    said = strata("check").stderr
    assert "warning: environment.yml:2: 'defaults' are the channels of Anaconda" in said


@pytest.mark.parametrize(
    "text",
    [
        "- sel(linux): tool\n",
        "- sel(unix): [tool]\n",
        "- if: linux and not aarch64\n  then: tool\n",
        "- if: win\n  then: left\n  else:\n    - tool\n",
        "- sel(linux):\n    - tool  # [unix]\n",
    ],
)
def test_conditions_of_other_tools(
    strata: Strata, project: Path, channel: HandMadeChannel, text: str
) -> None:
    lines = "".join(f"  {line}\n" for line in text.splitlines())
    write(project, channel, f"dependencies:\n  - numbers\n{lines}")
    assert strata("lock").returncode == 0
    lock = (project / "strata.lock").read_text()
    assert "tool-1.0" in lock
    assert "left-1.0" not in lock
    other = lines.replace("tool", "right").replace("left", "tool").replace("linux", "win")
    write(project, channel, f"dependencies:\n  - numbers\n{other.replace('unix', 'win')}")
    assert strata("lock").returncode == 0
    assert ("right-1.0" in (project / "strata.lock").read_text()) == ("else" in text)


@pytest.mark.parametrize("text", ["sel(solaris): tool", "if: py > 3\n    then: tool"])
def test_unknown_conditions_are_refused(strata: Strata, project: Path, text: str) -> None:
    (project / "environment.yml").write_text(f"dependencies:\n  - {text}\n")
    refused = strata("lock")
    assert refused.returncode == 3
    assert "error: environment.yml:2: " in refused.stderr
    assert "is no platform selector" in refused.stderr


def test_variable_in_a_channel_is_refused(strata: Strata, project: Path) -> None:
    (project / "environment.yml").write_text("channels:\n  - https://${HOST}/x\n")
    refused = strata("lock")
    assert refused.returncode == 3
    assert "error: environment.yml:2: the channel holds the variable ${HOST}" in refused.stderr


def test_all_refusals_at_once(strata: Strata, project: Path) -> None:
    text = "channels:\n  - a b\nplatforms: [amiga]\ndependencies:\n  - numpy ==\n  - npm: [x]\n"
    text += "  - pip:\n    - x @ git+https://example.org/x\n    - rich=13\n"
    (project / "environment.yml").write_text(text)
    (project / "environment-dev.yml").write_text("dependencies:\n  - 3\n")
    refused = strata("lock")
    assert refused.returncode == 3
    places = ["yml:2:", "yml:3:", "yml:5:", "yml:6:", "yml:8:", "yml:9:", "-dev.yml:2:"]
    for place in places:
        assert place in refused.stderr
    assert refused.stderr.count("error:") == 1
    assert "write 'rich==13'" in refused.stderr


def test_virtual_packages_of_a_platform_that_is_not_locked(strata: Strata, project: Path) -> None:
    (project / "virtual-packages.yml").write_text(
        "subdirs:\n  linux-ppc64le:\n    packages: {__glibc: '2.17'}\n"
        "  win-arm64:\n    packages: {__win: '0'}\n"
    )
    done = strata("lock")
    assert done.returncode == 0
    assert "virtual-packages.yml: strata does not lock for linux-ppc64le" in done.stderr


def test_other_ending_is_named(strata: Strata, project: Path) -> None:
    (project / "environment.yml").rename(project / "environment.yaml")
    refused = strata("lock")
    assert refused.returncode == 2
    assert "-f environment.yaml" in refused.stderr
    assert strata("lock", "-f", "environment.yaml").returncode == 0


def test_second_pip_list_is_refused(strata: Strata, project: Path) -> None:
    text = "dependencies:\n  - python\n  - pip: [a]\n  - pip: [b]\n"
    (project / "environment.yml").write_text(text)
    refused = strata("lock")
    assert refused.returncode == 3
    assert "environment.yml:4: a second 'pip:' list, where conda takes only the last" in (
        refused.stderr
    )
