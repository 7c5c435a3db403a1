from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from rattler.index import index_fs

from rig import RigError
from rig.channel import package, verify
from rig.machine.platforms import PLATFORMS, Platform

AARCH64 = PLATFORMS[1]


@pytest.fixture(autouse=True)
def no_emulator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.setattr(verify, "top_packages", lambda: ["tiny", "needy"])


def channel(folder: Path, machine: int) -> Path:
    """A channel with a Python of some machine, a package, and one whose dependency is lacking."""
    tree = folder / "tree"
    (tree / "bin").mkdir(parents=True)
    header = b"\x7fELF\2\1\1".ljust(16, b"\0") + bytes([3, 0, machine, 0])
    (tree / "bin" / "python").write_bytes(header)
    for name, depends in (("python", []), ("tiny", ["python"]), ("needy", ["lacking"])):
        if name != "python":
            (tree / "bin" / "python").unlink(missing_ok=True)
            (tree / name).touch()
        package.assemble(
            tree,
            name=name,
            version="3.11.2",
            flavour="",
            subdir=AARCH64.subdir,
            depends=depends,
            out=folder / "channel" / AARCH64.subdir,
        )
        (tree / name).unlink(missing_ok=True)
    (folder / "channel" / "noarch").mkdir()
    asyncio.run(index_fs(folder / "channel"))
    return folder / "channel"


def check(folder: Path, machine: int, *, lacking: bool, platform: Platform = AARCH64) -> None:
    verify.installs(channel(folder, machine), platform, folder, lacking=lacking)


def test_what_lacks_a_dependency_is_named_where_that_is_expected(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check(tmp_path, 183, lacking=True)
    assert capsys.readouterr().err == "rig: needy cannot be installed on linux-aarch64\n"


def test_a_binary_for_another_machine_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RigError, match="bin/python is not for aarch64"):
        check(tmp_path, 62, lacking=True)
