"""What an environment file can say."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest

from conda_strata.core.errors import UsageError
from conda_strata.spec import cooldown, selectors
from tests.conftest import SUBDIR, HandMadeChannel, Strata, write_environment


@pytest.mark.parametrize(
    ("comment", "subdirs"),
    [
        ("# [linux]", {"linux-64", "linux-aarch64"}),
        ("# [osx and arm64]", {"osx-arm64"}),
        ("# [unix and not (osx or aarch64)]", {"linux-64"}),
        ("# needed for plots [win]", {"win-64"}),
        ("# [x86_64]", {"linux-64", "osx-64", "win-64"}),
        ("#[linux64]", {"linux-64"}),
    ],
)
def test_selectors(comment: str, subdirs: set[str]) -> None:
    selector = selectors.find(comment)
    assert selector is not None
    every = {"linux-64", "linux-aarch64", "osx-64", "osx-arm64", "win-64"}
    assert {subdir for subdir in every if selectors.holds(selector, subdir)} == subdirs


@pytest.mark.parametrize("comment", ["# see [1]", "# see [docs] for more", "# nothing", "# []"])
def test_remarks_are_no_selectors(comment: str) -> None:
    assert selectors.find(comment) is None


@pytest.mark.parametrize("comment", ["# [solaris]", "# [linux +]", "# [linux()]", "# [py>3]"])
def test_unknown_selectors_are_refused(comment: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        selectors.find(comment)


def test_selector_decides_by_platform(
    strata: Strata, project: Path, channel: HandMadeChannel
) -> None:
    specs = ["frames", "tool  # [linux]", "left  # [win or osx]"]
    write_environment(project, channel, specs)
    strata("lock")
    assert "tool-1.0" in (project / "strata.lock").read_text()
    assert "left-1.0" not in (project / "strata.lock").read_text()
    assert strata("check").returncode == 0


def test_variables_are_set_by_activation(
    strata: Strata, project: Path, channel: HandMadeChannel
) -> None:
    file = write_environment(project, channel, ["frames"])
    text = file.read_text()
    value = "it's $HOME `touch ran` \\ $(touch ran)"
    file.write_text(f"{text}variables:\n  MODE: {value}\n  THREADS: 2\n")
    strata("lock")
    assert strata("install").returncode == 0
    printed = strata("run", "--", "sh", "-c", 'printf "%s|%s" "$MODE" "$THREADS"')
    assert printed.stdout == f"{value}|2"
    assert not (project / "ran").exists()
    state = json.loads((project / ".conda/conda-meta/state").read_text())
    assert state["env_vars"] == {"MODE": value, "THREADS": "2"}

    file.write_text(text)
    assert strata("install").returncode == 0
    assert strata("run", "--", "sh", "-c", 'echo "$MODE|$THREADS"').stdout == "|\n"


def test_variables_are_in_the_layers_and_in_the_key(
    strata: Strata, project: Path, channel: HandMadeChannel
) -> None:
    file = write_environment(project, channel, ["frames"])
    dev = write_environment(project, channel, ["tool"], "environment-dev.yml")
    strata("lock")
    (project / "Dockerfile").write_text("FROM scratch\n")
    key = strata("key", "--input", "Dockerfile").stdout
    file.write_text(file.read_text() + "variables: {MODE: fast}\n")
    dev.write_text(dev.read_text() + "variables: {LEVEL: debug}\n")
    assert strata("key", "--input", "Dockerfile").stdout != key
    assert strata("layers", "--env", "dev", "--out", "out").returncode == 0
    script = "opt/env/etc/conda/activate.d/0-variables-of-environment.sh"
    assert (project / "out/11" / script).read_text() == "export MODE=fast\n"
    assert (project / "out/95" / script).read_text() == "export LEVEL=debug\nexport MODE=fast\n"


def test_channel_of_one_package(
    strata: Strata, project: Path, channel: HandMadeChannel, tmp_path: Path
) -> None:
    """channel::package takes that package from there, even where the list has no such channel."""
    other = HandMadeChannel(tmp_path / "other")
    other.add("numbers", "7.0", depends=["python"])
    other.index()
    write_environment(project, channel, ["frames", f"{other.url}::numbers"])
    assert strata("lock").returncode == 0
    text = (project / "strata.lock").read_text()
    assert f"{other.folder}/linux-64/numbers-7.0" in text
    assert strata("check").returncode == 0


def test_build_strings(strata: Strata, project: Path, channel: HandMadeChannel) -> None:
    write_environment(project, channel, ["frames=1.0=h0_0", "numbers 1.* h0_*"])
    assert strata("lock").returncode == 0
    assert "numbers-1.0-h0_0" in (project / "strata.lock").read_text()


def test_r_beside_python(strata: Strata, project: Path, channel: HandMadeChannel) -> None:
    """R's packages are conda packages like any other; their activation scripts run."""
    write_environment(project, channel, ["frames", "r-base >=4", "r-plots"])
    assert strata("lock").returncode == 0
    assert strata("install").returncode == 0
    said = strata("run", "--", "sh", "-c", "echo $R_HOME; Rscript; command -v python3.11")
    assert said.stdout.splitlines() == [
        str(project / ".conda/lib/R"),
        "R 4.4",
        str(project / ".conda/bin/python3.11"),
    ]


VIRTUAL = "subdirs:\n  linux-64:\n    packages:\n      __cuda: '12.4'\n"


def test_cuda_locks_without_a_gpu(strata: Strata, project: Path, channel: HandMadeChannel) -> None:
    write_environment(project, channel, ["needs-cuda"])
    refused = strata("lock")
    assert refused.returncode == 4
    assert "virtual-packages.yml" in refused.stderr
    (project / "virtual-packages.yml").write_text(VIRTUAL)
    assert strata("lock").returncode == 0
    assert strata("check").returncode == 0
    (project / "virtual-packages.yml").write_text(VIRTUAL.replace("12.4", "12.8"))
    checked = strata("check")
    assert checked.returncode == 1
    assert "__cuda=12.4=0, __cuda=12.8=0" in checked.stdout


@pytest.mark.parametrize(
    "text",
    [
        "subdirs: [",
        "packages: {}",
        "subdirs: {linux-65: {packages: {}}}",
        "subdirs: {linux-64: {packages: {cuda: '12'}}}",
        "subdirs: {linux-64: {packages: {__cuda: 12.4}}}",
    ],
)
def test_broken_virtual_packages(strata: Strata, project: Path, text: str) -> None:
    (project / "virtual-packages.yml").write_text(text)
    refused = strata("lock")
    assert refused.returncode == 3
    assert "virtual-packages.yml" in refused.stderr
    assert "Traceback" not in refused.stderr


def with_one_clock(repodata: Path) -> None:
    """Leave only the time of the build, as conda-forge has it, in place of that of indexing."""
    content = json.loads(repodata.read_text())
    for record in content["packages"].values():
        record.pop("indexed_timestamp", None)
    repodata.write_text(json.dumps(content))


def test_missing_hash_is_said(strata: Strata, project: Path, tmp_path: Path) -> None:
    channel = HandMadeChannel(tmp_path / "unhashed")
    channel.add("plain", "1.0")
    channel.index(compressed=False)
    repodata = channel.folder / SUBDIR / "repodata.json"
    content = json.loads(repodata.read_text())
    for record in content["packages"].values():
        del record["sha256"]
    repodata.write_text(json.dumps(content))
    write_environment(project, channel, ["plain"])
    assert "warning: the channel gives no SHA-256" in strata("lock").stderr


@pytest.fixture
def channel_with_ages(tmp_path: Path) -> HandMadeChannel:
    channel = HandMadeChannel(tmp_path / "ages")
    channel.add("young", "1.0")
    channel.add("young", "2.0", built=datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC))
    channel.index(compressed=False)
    with_one_clock(channel.folder / SUBDIR / "repodata.json")
    return channel


def test_cool_down(strata: Strata, project: Path, channel_with_ages: HandMadeChannel) -> None:
    """Packages younger than the cool-down are not taken, as if they were not there yet."""
    file = write_environment(project, channel_with_ages, ["young"])
    assert strata("lock", "--dry-run").stdout.startswith("linux-64: 1 package")
    assert '"after": "2.0 h0_0"' in strata("lock", "--dry-run", "--json").stdout
    file.write_text(file.read_text() + "exclude-newer: 2025-01-01\n")
    strata("lock")
    assert "young-1.0" in (project / "strata.lock").read_text()
    assert strata("lock", "--exclude-newer", "1 h", "--upgrade").returncode == 0
    assert "young-2.0" in (project / "strata.lock").read_text()
    assert strata("lock", "--exclude-newer", "soon").returncode == 2


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("7d", "2026-01-08T12:00:00+00:00"),
        ("2 weeks", "2026-01-01T12:00:00+00:00"),
        ("36h", "2026-01-14T00:00:00+00:00"),
        ("2026-01-01", "2026-01-01T23:59:59.999999+00:00"),
        ("2026-01-01T10:00:00+02:00", "2026-01-01T08:00:00+00:00"),
    ],
)
def test_cool_down_is_read(text: str, moment: str) -> None:
    now = datetime.datetime.fromisoformat("2026-01-15T12:00:00+00:00")
    assert cooldown.newest(text, now).isoformat() == moment


def test_cool_down_needs_a_unit() -> None:
    now = datetime.datetime.now(datetime.UTC)
    with pytest.raises(UsageError, match="neither"):
        cooldown.newest("7", now)
