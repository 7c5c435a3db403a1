from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
from rattler import Channel, Gateway, Subdir, install, solve
from rattler.index import index_fs
from rattler.networking import Client

from integration.rig.conftest import MakeWheel
from rig.channel import package
from rig.channel.wheel import read

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
TAG = sys.implementation.cache_tag.replace("cpython-", "cp")
BINARY = f"{TAG}-{TAG}-manylinux_2_28_x86_64"


@pytest.fixture
def channel(tmp_path: Path) -> Path:
    """A channel whose only package is a `python` that is this interpreter, by a link."""
    folder = tmp_path / "channel"
    (folder / "noarch").mkdir(parents=True)
    tree = tmp_path / "python"
    (tree / "bin").mkdir(parents=True)
    launcher = tree / "bin" / f"python{PYTHON}"
    # Of this interpreter only the binary: modules come from the prefix under test.
    launcher.write_text(
        "#!/bin/sh\n"
        f'export PYTHONPATH="$(dirname "$0")/../lib/python{PYTHON}/site-packages"\n'
        f'exec "{sys.executable}" "$@"\n'
    )
    launcher.chmod(0o755)
    (tree / "bin" / "python").symlink_to(launcher.name)
    package.assemble(
        tree,
        name="python",
        version=f"{PYTHON}.0",
        flavour="",
        subdir="linux-64",
        depends=[],
        out=folder / "linux-64",
    )
    return folder


def add(channel: Path, wheel: Path, lost: frozenset[str] = frozenset()) -> Path:
    found = read(wheel)
    out = channel / ("noarch" if found.pure else "linux-64")
    return package.from_wheel(found, [], lost, PYTHON, "linux-64", out)


def installed(channel: Path, prefix: Path, *names: str) -> Path:
    async def work() -> None:
        await index_fs(channel)
        cache = prefix.with_name("cache")
        records = await solve(
            [Channel(channel.as_uri())],
            ["python", *names],
            gateway=Gateway(cache_dir=cache / "repodata"),
            platforms=[Subdir("linux-64"), Subdir("noarch")],
        )
        client = Client.default_client()
        linux = Subdir("linux-64")
        await install(
            records, prefix, cache_dir=cache, platform=linux, client=client, show_progress=False
        )

    asyncio.run(work())
    return prefix


@pytest.mark.parametrize("tag", ["py3-none-any", BINARY])
def test_scripts_run_after_installation(
    make_wheel: MakeWheel, channel: Path, tmp_path: Path, tag: str
) -> None:
    """Rattler makes those of a noarch package; the others are files of the package."""
    add(channel, make_wheel(tag=tag, entry_points="[console_scripts]\ngreet = tiny:main\n"))
    prefix = installed(channel, tmp_path / "prefix", "tiny")
    done = subprocess.run([prefix / "bin/greet"], check=True, capture_output=True, text=True)
    assert done.stdout == "hello\n"
    assert not (prefix / "info").exists()


@pytest.mark.parametrize("tag", ["py3-none-any", BINARY])
def test_wheel_scripts_run_through_a_link_too(
    make_wheel: MakeWheel, channel: Path, tmp_path: Path, tag: str
) -> None:
    script = "#!python\nimport tiny\ntiny.main()\n"
    files = {
        "tiny/__init__.py": "def main():\n    print('hello')\n",
        "tiny/.hidden": "",
        "tiny-1.0.data/scripts/greet": script,
    }
    add(channel, make_wheel(tag=tag, files=files))
    prefix = installed(channel, tmp_path / "prefix", "tiny")
    link = tmp_path / "link"
    link.symlink_to(prefix / "bin/greet")
    done = subprocess.run([link], check=True, capture_output=True, text=True)
    assert done.stdout == "hello\n"
    assert (prefix / f"lib/python{PYTHON}/site-packages/tiny/.hidden").exists()


def test_lost_paths_are_left_out(make_wheel: MakeWheel, channel: Path, tmp_path: Path) -> None:
    site = f"lib/python{PYTHON}/site-packages"
    wheel = make_wheel(
        files={"tiny/__init__.py": "", "tests/__init__.py": ""},
        entry_points="[console_scripts]\ngone = tiny:main\nkept = tiny:main\n",
    )
    add(channel, wheel, frozenset({f"{site}/tests/__init__.py", "bin/gone"}))
    prefix = installed(channel, tmp_path / "prefix", "tiny")
    assert (prefix / site / "tiny/__init__.py").exists()
    assert not (prefix / site / "tests").exists()
    launcher = f"python{PYTHON}"
    assert {path.name for path in (prefix / "bin").iterdir()} == {"python", launcher, "kept"}


def test_a_kernel_starts_the_environments_python(
    make_wheel: MakeWheel, channel: Path, tmp_path: Path
) -> None:
    where = "share/jupyter/kernels/python3/kernel.json"
    kernel = json.dumps({"argv": ["/build/bin/python3", "-m", "kernel"], "language": "python"})
    add(channel, make_wheel(files={f"tiny-1.0.data/data/{where}": kernel}))
    prefix = installed(channel, tmp_path / "prefix", "tiny")
    assert json.loads((prefix / where).read_text())["argv"] == ["python", "-m", "kernel"]


def test_the_same_wheel_gives_the_same_bytes(make_wheel: MakeWheel, tmp_path: Path) -> None:
    wheel = make_wheel(entry_points="[console_scripts]\ngreet = tiny:main\n")
    first, second = (add(tmp_path / name, wheel) for name in ("one", "two"))
    assert first.name == second.name
    assert first.read_bytes() == second.read_bytes()


def test_other_content_gives_another_build_string(make_wheel: MakeWheel, tmp_path: Path) -> None:
    first = add(tmp_path / "one", make_wheel())
    second = add(tmp_path / "two", make_wheel(files={"tiny/__init__.py": "changed = True\n"}))
    assert first.name != second.name
