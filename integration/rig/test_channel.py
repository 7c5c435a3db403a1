from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from integration.rig.conftest import MakeWheel
from rig.channel import build as channel
from rig.channel import contents, download
from rig.channel.interpreter import Interpreter
from rig.channel.wheel import read
from rig.machine import debian

BINARY = "cp311-cp311-manylinux_2_28_aarch64"


@pytest.mark.parametrize(
    ("python", "debian_here", "subdirs"),
    [
        pytest.param("3.11", True, ("linux-64", "linux-aarch64"), id="both"),
        pytest.param("3.12", True, ("linux-64",), id="Debian has another Python"),
        pytest.param("3.11", False, ("linux-64",), id="no mmdebstrap"),
    ],
)
def test_the_other_platform_is_there_where_debian_has_its_python(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    python: str,
    debian_here: bool,
    subdirs: tuple[str, ...],
) -> None:
    def build(folder: Path, _wheels: object, _python: object, here: Any, other: Any) -> None:
        for one in filter(None, (here, other)):
            (folder / one.subdir).mkdir(parents=True)

    monkeypatch.setenv("RIG_CACHE", str(tmp_path))
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setattr(debian, "available", lambda: debian_here)
    monkeypatch.setattr(channel, "need", lambda *_: None)
    monkeypatch.setattr(channel, "_build", build)
    monkeypatch.setattr(download, "wheels", lambda: tmp_path)
    this = Interpreter(f"{python}.7", python, Path("python"), Path("lib"))
    monkeypatch.setattr("rig.channel.interpreter.inspect", lambda: this)
    folder, _ = channel.ensure()
    assert channel.subdirs(folder) == subdirs
    assert ("for linux-64 alone" in capsys.readouterr().err) == (len(subdirs) == 1)


def test_pure_wheels_are_shared_apart_from_those_that_only_one_platform_has(
    make_wheel: MakeWheel,
) -> None:
    """Here `cc` has binaries for the first platform, and a pure wheel for the second."""
    shared = read(make_wheel("bb"))
    first = [read(make_wheel("aa", tag="cp311-cp311-manylinux_2_28_x86_64")), shared]
    first.append(read(make_wheel("cc", tag="cp311-cp311-manylinux_2_28_x86_64")))
    second = [read(make_wheel("cc")), read(make_wheel("aa", tag=BINARY))]
    found = contents.beside(first, second)
    assert [(wheel.name, wheel.pure) for wheel in found] == [
        ("aa", False),
        ("bb", True),
        ("cc", False),
    ]
    assert found[0].path.name.endswith("aarch64.whl")
