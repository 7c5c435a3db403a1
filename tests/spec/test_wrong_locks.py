"""What would be locked otherwise than it is written: said, refused, or locked as it is written."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.conftest import HandMadeChannel, Strata, write_environment


def locked(folder: Path) -> list[str]:
    """Return the files of the conda packages in the lock."""
    content = yaml.safe_load((folder / "strata.lock").read_text())
    return sorted({p["conda"].rpartition("/")[2] for p in content["packages"] if "conda" in p})


def write(folder: Path, channel: HandMadeChannel, text: str) -> Path:
    file = folder / "environment.yml"
    file.write_text(f"channels: [{channel.url}]\n{text}", "utf-8")
    return file


def test_url_of_a_package_is_refused_with_what_to_write(strata: Strata, project: Path) -> None:
    text = (
        "dependencies:\n  - https://conda.anaconda.org/conda-forge/noarch/tqdm-4.66.1-py_0.conda\n"
    )
    (project / "environment.yml").write_text(text)
    refused = strata("lock")
    assert refused.returncode == 3
    assert "environment.yml:2: a package's URL cannot be locked" in refused.stderr
    assert "Write 'conda-forge::tqdm ==4.66.1 py_0'." in refused.stderr
    assert not (project / "strata.lock").exists()


@pytest.mark.parametrize(
    "text",
    [
        "platforms: [linux-64]\ndependencies: []\n",
        "platforms: [linux-64, win-64]\ndependencies:\n  - frames  # [linux]\n",
        "platforms: [linux-64, win-64]\ndependencies:\n  - tool  # [win]\n",
    ],
    ids=["nothing", "one-platform", "other-platform"],
)
def test_empty_environment_is_a_locked_state(
    strata: Strata, project: Path, channel: HandMadeChannel, text: str
) -> None:
    write(project, channel, text.replace("  - tool  # [win]", "  - left  # [osx]"))
    first = strata("lock")
    assert first.returncode == 0
    assert strata("check").returncode == 0
    assert strata("lock").stderr.endswith("strata.lock is up to date\n")
    assert strata("install").returncode == 0


def test_empty_default_beside_another_environment(
    strata: Strata, project: Path, channel: HandMadeChannel
) -> None:
    write(project, channel, "platforms: [linux-64]\ndependencies: []\n")
    write_environment(project, channel, ["tool"], "environment-dev.yml")
    assert strata("lock").returncode == 0
    assert strata("check").returncode == 0
    assert locked(project)[-1] == "tool-1.0-h0_0.tar.bz2"
    assert strata("install", "--env", "dev").returncode == 0


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("dependancies", "dependencies"),
        ("dependency", "dependencies"),
        ("Dependencies", "dependencies"),
        ("channel", "channels"),
        ("platform", "platforms"),
        ("variable", "variables"),
        ("exclude_newer", "exclude-newer"),
    ],
)
def test_near_miss_of_a_key_is_an_error(
    strata: Strata, project: Path, key: str, meant: str
) -> None:
    strata("lock")
    file = project / "environment.yml"
    before = (project / "strata.lock").read_bytes()
    file.write_text(f"{key}: []\n")
    refused = strata("lock")
    assert refused.returncode == 3
    assert f"error: environment.yml:1: {key!r} is no key" in refused.stderr
    assert f"Write {meant!r}." in refused.stderr
    assert (project / "strata.lock").read_bytes() == before


@pytest.mark.parametrize("key", ["prefix", "category", "pip-repositories", "notes"])
def test_other_keys_are_a_warning(strata: Strata, project: Path, key: str) -> None:
    with (project / "environment.yml").open("a") as file:
        file.write(f"{key}: something\n")
    done = strata("lock")
    assert done.returncode == 0
    assert f"{key!r} is not used by strata" in done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("channels:\n  - conda-forge  # [linux]\ndependencies: []\n", "environment.yml:2: the sel"),
        ("platforms:\n  - linux-64  # [linux]\n", "environment.yml:2: the selector [linux]"),
        ("variables:\n  A: b  # [win]\n", "environment.yml:2: the selector [win]"),
    ],
    ids=["channel", "platform", "variable"],
)
def test_selector_without_effect_is_refused(
    strata: Strata, project: Path, text: str, said: str
) -> None:
    (project / "environment.yml").write_text(text)
    refused = strata("lock")
    assert refused.returncode == 3
    assert f"error: {said}" in refused.stderr


def test_alias_has_a_selector_of_its_own(
    strata: Strata, project: Path, channel: HandMadeChannel
) -> None:
    text = "platforms: [linux-64]\ndependencies:\n  - &x frames  # [win]\n  - *x\n  - *x  # [osx]\n"
    write(project, channel, text)
    assert strata("lock").returncode == 0
    assert "frames-1.0-h0_0.tar.bz2" in locked(project)
    write(project, channel, text.replace("  - *x\n", "  - *x  # [win]\n") + "  - tool\n")
    assert strata("lock").returncode == 0
    assert "frames-1.0-h0_0.tar.bz2" not in locked(project)


def test_merged_keys_are_read(strata: Strata, project: Path, channel: HandMadeChannel) -> None:
    text = "x-base: &b\n  dependencies: [tool]\nplatforms: [linux-64]\n<<: *b\n"
    write(project, channel, text)
    assert strata("lock").returncode == 0
    assert "tool-1.0-h0_0.tar.bz2" in locked(project)


def test_channel_in_two_spellings_is_one(
    strata: Strata, project: Path, channel: HandMadeChannel
) -> None:
    text = f"channels: ['{channel.url}', '{channel.url}/', 'FILE{channel.url[4:]}']\n"
    text += f"platforms: [linux-64]\ndependencies: [frames, '{channel.url}/::tool']\n"
    (project / "environment.yml").write_text(text)
    assert strata("lock").returncode == 0
    content = yaml.safe_load((project / "strata.lock").read_text())
    assert len(content["environments"]["default"]["channels"]) == 1
    assert strata("check").returncode == 0


@pytest.mark.parametrize("ending", ["", "\n", "\n  - tool  # [win]\n"])
@pytest.mark.parametrize("style", ["|", ">", "|-"])
def test_block_as_a_dependency_is_refused(
    strata: Strata, project: Path, style: str, ending: str
) -> None:
    (project / "environment.yml").write_text(f"dependencies:\n  - {style}\n    frames{ending}")
    refused = strata("lock")
    assert refused.returncode == 3
    assert "error: environment.yml:2: an entry of 'dependencies' is one line" in refused.stderr


@pytest.mark.parametrize(
    ("spec", "version"),
    [
        ("numbers >1.*", "2.0"),
        ("numbers<2.*", "1.0"),
        ("numbers = 1.0 = h0_0", "1.0"),
        ("numbers=", "2.0"),
        ("numbers===1.0", "1.0"),
        ("Numbers 1.0.*", "1.0"),
        ("'numbers[version=''>=1,<2'', build=h0*]'", "1.0"),
    ],
)
def test_specs_mean_what_conda_means(
    strata: Strata, project: Path, channel: HandMadeChannel, spec: str, version: str
) -> None:
    write_environment(project, channel, [spec])
    assert strata("lock").returncode == 0
    assert f"numbers-{version}-h0_0.tar.bz2" in locked(project)
    assert strata("check").returncode == 0


def test_more_than_a_wildcard_leaves_that_version_out(
    strata: Strata, project: Path, channel: HandMadeChannel
) -> None:
    """Conda reads >2.* as >2; with >=2, version 2.0 would be locked."""
    write_environment(project, channel, ["numbers >2.0.*"])
    assert strata("lock").returncode == 4


@pytest.mark.parametrize(
    ("spec", "fix"),
    [
        ("numbers >=1 <2.1", "Join them with a comma: 'numbers >=1,<2.1'."),
        ("numbers >=1 <3 !=2", "Join them with a comma: 'numbers >=1,<3,!=2'."),
        ("numbers>=1<2.1", "Join them with a comma: 'numbers >=1,<2.1'."),
        ("numbers[subdir=noarch]", "Write a selector"),
        ("conda-forge/linux-64::numbers", "Write 'conda-forge::numbers', with a selector"),
        ("conda-lock=>3.0.4", "Write 'conda-lock >=3.0.4'."),
        ("3", "Write 'NAME =NUMBER' on one line"),
        ("3.9", "Write 'NAME =NUMBER' on one line"),
        ("pandas[performance]", "Write 'pandas' and name what the extra brings"),
        ("numbers[license=MIT]", "Use these: build"),
        ("numbers*", "Name the packages."),
        ("numbers;python_version<'3.9'", "Write a platform selector"),
        ("~", "Take it out."),
        ("null", "Take it out."),
    ],
)
def test_specs_that_cannot_mean_what_conda_means_are_refused(
    strata: Strata, project: Path, channel: HandMadeChannel, spec: str, fix: str
) -> None:
    write_environment(project, channel, [spec])
    refused = strata("lock")
    assert refused.returncode == 3
    assert "error: environment.yml:4: " in refused.stderr
    assert f"\n  {fix}" in refused.stderr
    assert "Traceback" not in refused.stderr
