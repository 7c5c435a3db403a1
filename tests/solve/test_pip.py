"""The ``pip:`` list: resolved beside conda's packages, locked with hashes, installed by uv."""

from __future__ import annotations

import json
import shutil
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.conftest import HandMadeChannel, Strata
from tests.support import python_index

pytestmark = pytest.mark.usefixtures("index")

MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"
PLATFORM_TAGS = [
    f"cp{MINOR.replace('.', '')}-cp{MINOR.replace('.', '')}-{platform}"
    for platform in (
        "manylinux_2_17_x86_64",
        "manylinux_2_40_x86_64",
        "manylinux_2_28_aarch64",
        "macosx_11_0_arm64",
        "win_amd64",
    )
]


@pytest.fixture
def channel(tmp_path: Path) -> HandMadeChannel:
    """A channel whose python is this interpreter, at home in the prefix, on every platform."""
    channel = HandMadeChannel(tmp_path / "channel")
    version = ".".join(map(str, sys.version_info[:3]))
    home = Path(sys.base_prefix) / "bin"
    python = {
        "bin/python": f'#!/usr/bin/env bash\nexec -a "$0" {home / "python3"} "$@"\n',
        "pyvenv.cfg": f"home = {home}\ninclude-system-site-packages = false\n",
    }
    for subdir in ("linux-64", "linux-aarch64", "osx-arm64", "win-64"):
        channel.add("python", version, python, subdir=subdir)
        channel.add("numbers", "2.0", depends=["python"], subdir=subdir)
    channel.index()
    return channel


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[python_index.PythonIndex]:
    folder = tmp_path / "index"
    folder.mkdir()
    with python_index.serving(folder) as index:
        monkeypatch.setenv("UV_DEFAULT_INDEX", index.url)
        monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
        monkeypatch.setenv("UV_NO_CONFIG", "1")
        for name in ("UV_INDEX_URL", "UV_FIND_LINKS", "UV_INDEX", "VIRTUAL_ENV"):
            monkeypatch.delenv(name, raising=False)
        index.add("charts", "1.0", ["colors", "numbers>=1"], command="draw")
        index.add("charts", "2.0", ["colors>=2", "numbers>=1"], command="draw")
        index.add("colors", "1.0")
        index.add("colors", "2.0")
        index.add("numbers", "9.0", ["a-package-that-is-nowhere"])
        index.add("fast", "1.0", tags=PLATFORM_TAGS)
        yield index


def write(
    folder: Path,
    channel: HandMadeChannel,
    pip: list[str],
    platforms: str = "linux-64",
    name: str = "environment.yml",
) -> None:
    lines = [f"channels: [{channel.url}]", f"platforms: [{platforms}]"]
    lines += ["dependencies:", "  - python", "  - numbers"]
    if pip:
        lines += ["  - pip:", *(f"    - {spec}" for spec in pip)]
    (folder / name).write_text("\n".join(lines) + "\n")


def locked(folder: Path) -> dict[str, dict[str, object]]:
    content = yaml.safe_load((folder / "strata.lock").read_text())
    return {p["pypi"].rpartition("/")[2]: p for p in content["packages"] if "pypi" in p}


def test_lock_check_install_run(strata: Strata, project: Path, channel: HandMadeChannel) -> None:
    write(project, channel, ["charts"])
    done = strata("lock")
    assert (done.returncode, done.stdout) == (0, "linux-64: 4 packages, 4 changed\n")
    assert sorted(locked(project)) == ["charts-2.0-py3-none-any.whl", "colors-2.0-py3-none-any.whl"]
    assert all(len(str(entry["sha256"])) == 64 for entry in locked(project).values())
    assert strata("check").returncode == 0
    assert strata("lock").stderr.endswith("strata.lock is up to date\n")
    assert strata("install").returncode == 0
    assert strata("run", "--", "draw").stdout == "2.0\n"


def test_only_what_must_move_moves(strata: Strata, project: Path, channel: HandMadeChannel) -> None:
    write(project, channel, ["charts<2"])
    strata("lock")
    strata("install")
    assert strata("run", "--", "draw").stdout == "1.0\n"
    write(project, channel, ["charts", "fast"])
    assert "upgraded" not in strata("lock").stdout
    assert "charts-1.0-py3-none-any.whl" in locked(project)
    assert strata("lock", "--update", "charts").returncode == 0
    assert "charts-2.0-py3-none-any.whl" in locked(project)
    strata("install")
    assert strata("run", "--", "draw").stdout == "2.0\n"
    write(project, channel, [])
    assert "nothing depends on charts (pip), which is locked for linux-64" in strata("check").stdout
    strata("lock")
    strata("install")
    assert strata("run", "--", "sh", "-c", "command -v draw").returncode != 0


def test_each_platform_gets_its_wheel(
    strata: Strata, project: Path, channel: HandMadeChannel
) -> None:
    """The newest glibc that the platform can be counted on for decides, not this machine's."""
    write(project, channel, ["fast"], "linux-64, linux-aarch64, osx-arm64, win-64")
    assert strata("lock").returncode == 0
    tags = {name.split("-")[-1] for name in locked(project)}
    assert tags == {
        "manylinux_2_17_x86_64.whl",
        "manylinux_2_28_aarch64.whl",
        "macosx_11_0_arm64.whl",
        "win_amd64.whl",
    }
    assert strata("check").returncode == 0


def test_layer_of_its_own_on_any_platform(
    strata: Strata, project: Path, channel: HandMadeChannel
) -> None:
    """Wheels get the last layer; nothing in it tells of this machine, and nothing is run."""
    write(project, channel, ["charts", "fast"], "linux-64, linux-aarch64")
    assert strata("lock").returncode == 0
    plan = json.loads(strata("plan", "--json").stdout)
    assert plan["layers"][-1]["wheels"] == ["charts-2.0", "colors-2.0", "fast-1.0"]
    for out, umask in (("one", 0o022), ("two", 0o077)):
        words = ("layers", "--out", out, "--platform", "linux-aarch64")
        assert strata(*words, umask=umask).returncode == 0
    trees = [
        {
            p.relative_to(project / out): p.read_bytes()
            for p in (project / out).rglob("*.*")
            if p.is_file()
        }
        for out in ("one", "two")
    ]
    assert trees[0] == trees[1]
    top = project / "one/95/opt/env"
    assert (top / "bin/draw").read_text().startswith("#!/opt/env/bin/python\n")
    fast = top / f"lib/python{MINOR}/site-packages/fast/__init__.py"
    assert "manylinux_2_28_aarch64" in fast.read_text()
    for file in top.rglob("*"):
        if file.is_file():
            assert str(Path(sys.executable).parent).encode() not in file.read_bytes()


def test_what_conda_brings_is_not_brought_twice(
    strata: Strata, project: Path, channel: HandMadeChannel
) -> None:
    write(project, channel, ["numbers", "charts"])
    done = strata("lock")
    assert done.returncode == 0
    assert "warning: environment.yml:7: 'numbers' is provided by conda" in done.stderr
    assert "numbers-9.0-py3-none-any.whl" not in locked(project)
    assert strata("check").returncode == 0


def test_conflict_with_conda_is_explained(
    strata: Strata, project: Path, channel: HandMadeChannel, index: python_index.PythonIndex
) -> None:
    index.add("picky", "1.0", ["numbers>=3"])
    write(project, channel, ["picky"])
    refused = strata("lock")
    assert refused.returncode == 4
    assert "numbers>=3" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (project / "strata.lock").exists()


def test_environments_share_versions(
    strata: Strata, project: Path, channel: HandMadeChannel
) -> None:
    write(project, channel, ["charts"])
    write(project, channel, ["fast", "colors"], name="environment-dev.yml")
    assert strata("lock").returncode == 0
    default = json.loads(strata("plan", "--json").stdout)["layers"]
    dev = json.loads(strata("plan", "--env", "dev", "--json").stdout)["layers"]
    assert [layer["wheels"] for layer in default if layer["wheels"]] == [
        ["charts-2.0", "colors-2.0"]
    ]
    assert dev[: len(default)] == default
    assert [layer["wheels"] for layer in dev[len(default) :]] == [["fast-1.0"]]


def test_replaced_wheel_is_refused(
    strata: Strata, project: Path, channel: HandMadeChannel, index: python_index.PythonIndex
) -> None:
    write(project, channel, ["colors"])
    strata("lock")
    with zipfile.ZipFile(index.folder / "colors-2.0-py3-none-any.whl", "a") as wheel:
        wheel.writestr("colors/more.py", "")
    refused = strata("install")
    assert refused.returncode == 6
    assert "colors" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("way", ["variable", "named", "uv.toml", "netrc"])
def test_index_with_a_login(
    strata: Strata,
    project: Path,
    channel: HandMadeChannel,
    index: python_index.PythonIndex,
    way: str,
) -> None:
    """A variable or file of uv or netrc has it; it is in no file of project or environment."""
    index.login = "me:s3cret"
    url = index.url.replace("//", "//me:s3cret@")
    if way == "variable":
        env = {"UV_DEFAULT_INDEX": url}
    elif way == "named":
        env = {"UV_DEFAULT_INDEX": f"my-own={index.url}"}
        env |= {"UV_INDEX_MY_OWN_USERNAME": "me", "UV_INDEX_MY_OWN_PASSWORD": "s3cret"}
    elif way == "uv.toml":
        file = project.parent / ".config/uv/uv.toml"
        file.parent.mkdir(parents=True)
        file.write_text(f'[[index]]\nurl = "{url}"\ndefault = true\n')
        env = {"UV_DEFAULT_INDEX": "", "UV_NO_CONFIG": "false"}
    else:
        netrc = project.parent / ".netrc"
        netrc.write_text("machine 127.0.0.1 login me password s3cret\n")
        netrc.chmod(0o600)
        env = {}
    write(project, channel, ["charts"])
    for command in (("lock",), ("install",), ("layers", "--out", "out")):
        done = strata(*command, **env)
        assert done.returncode == 0, done.stderr
    for file in project.rglob("*"):
        assert not file.is_file() or b"s3cret" not in file.read_bytes()
    index.login = "me:other"
    shutil.rmtree(project.parent / "cache/wheels")
    refused = strata("install", "--prefix", "other", **env)
    assert refused.returncode == 6
    assert ": 401" in refused.stderr
    assert "s3cret" not in refused.stderr


def test_prefix_and_layer_hold_the_same(
    strata: Strata, project: Path, channel: HandMadeChannel
) -> None:
    """But for the first line of commands, and so what RECORD says of them."""
    write(project, channel, ["charts", "fast"])
    strata("lock")
    assert strata("install").returncode == 0
    assert strata("layers", "--out", "out").returncode == 0
    inside = f"lib/python{MINOR}/site-packages"
    (layer,) = (project / "out").glob(f"*/opt/env/{inside}")
    found = [
        {
            file.relative_to(folder): file.read_bytes()
            for file in folder.rglob("*")
            if file.is_file() and file.name != "RECORD"
        }
        for folder in (layer, project / ".conda" / inside)
    ]
    assert found[0] == found[1]
    one, two = (p / "../../../bin/draw" for p in (layer, project / ".conda" / inside))
    assert one.read_text().splitlines()[1:] == two.read_text().splitlines()[1:]


def test_what_was_added_by_hand_makes_room(
    strata: Strata, project: Path, channel: HandMadeChannel
) -> None:
    write(project, channel, ["colors<2"])
    strata("lock")
    assert strata("install").returncode == 0
    places = project / ".conda" / f"lib/python{MINOR}/site-packages"
    for file in (places / "colors-1.0.dist-info/INSTALLER", places / "colors/__init__.py"):
        file.write_text("pip\n")
    write(project, channel, ["colors"])
    strata("lock", "--update", "colors")
    assert strata("install").returncode == 0
    assert [path.name for path in places.glob("*.dist-info")] == ["colors-2.0.dist-info"]
    assert "2.0" in (places / "colors/__init__.py").read_text()


def test_no_wheel_for_the_platform(
    strata: Strata, project: Path, channel: HandMadeChannel, index: python_index.PythonIndex
) -> None:
    index.add("fruit", "1.0", tags=["py3-none-macosx_11_0_arm64"])
    write(project, channel, ["fruit"])
    refused = strata("lock")
    assert refused.returncode == 4
    assert "fruit" in refused.stderr


def test_python_is_needed(strata: Strata, project: Path, channel: HandMadeChannel) -> None:
    text = f"channels: [{channel.url}]\nplatforms: [linux-64]\ndependencies:\n  - pip: [x]\n"
    (project / "environment.yml").write_text(text)
    refused = strata("lock")
    assert refused.returncode == 3
    assert "environment.yml:4: a 'pip:' list needs a Python" in refused.stderr


def test_index_that_is_down(
    strata: Strata, project: Path, channel: HandMadeChannel, tmp_path: Path
) -> None:
    write(project, channel, ["colors"])
    refused = strata(
        "lock",
        UV_DEFAULT_INDEX="http://127.0.0.1:9/simple",
        UV_HTTP_RETRIES="0",
        UV_CACHE_DIR=str(tmp_path / "uv"),
    )
    assert refused.returncode == 6
    assert "Traceback" not in refused.stderr
    assert not (project / "strata.lock").exists()
