from __future__ import annotations

from pathlib import Path

import pytest

from integration.rig.conftest import MakeWheel
from rig import RigError
from rig.channel.wheel import collisions, installed_paths, read

LINUX = "cp311-cp311-manylinux_2_28_x86_64"


def test_metadata_is_the_wheels_own_and_not_a_vendored_ones(make_wheel: MakeWheel) -> None:
    path = make_wheel(metadata="Requires-Python: >=3.9\nRequires-Dist: six>=1\nSummary: Small\n")
    wheel = read(path)
    assert [str(requirement) for requirement in wheel.requires] == ["six>=1"]
    assert str(wheel.requires_python) == ">=3.9"
    assert (wheel.name, wheel.version, wheel.summary) == ("tiny", "1.0", "Small")


def test_scripts_come_from_both_groups_without_their_extras(make_wheel: MakeWheel) -> None:
    entry_points = """\
[console_scripts]
Run = tiny.cli:app.main [color]
other=tiny:main
[gui_scripts]
show = tiny:show
[some.plugins]
x = tiny:nothing
"""
    wheel = read(make_wheel(entry_points=entry_points))
    assert wheel.scripts == ("Run = tiny.cli:app.main", "other = tiny:main", "show = tiny:show")


@pytest.mark.parametrize(
    ("tag", "pure"),
    [
        ("py3-none-any", True),
        ("py2.py3-none-any", True),
        (LINUX, False),
        ("py3-none-manylinux_2_28_x86_64", False),
    ],
)
def test_a_wheel_is_pure_when_its_tags_say_so(make_wheel: MakeWheel, tag: str, pure: bool) -> None:
    assert read(make_wheel(tag=tag)).pure is pure


@pytest.mark.parametrize("tag", ["py3-none-any", LINUX])
def test_every_kind_of_file_has_its_place(make_wheel: MakeWheel, tag: str) -> None:
    data = "tiny-1.0.data"
    wheel = read(
        make_wheel(
            tag=tag,
            files={
                "tiny/__init__.py": "",
                "tiny/__pycache__/x.pyc": "",
                f"{data}/scripts/run": "#!python\n",
                f"{data}/data/share/jupyter/x.json": "{}",
                f"{data}/headers/tiny.h": "",
                f"{data}/platlib/extra.py": "",
            },
            entry_points="[console_scripts]\ngo = tiny:main\n",
        )
    )
    paths = installed_paths(wheel, "3.11")
    site = "lib/python3.11/site-packages"
    assert {path for path in paths if "dist-info" not in path} == {
        f"{site}/tiny/__init__.py",
        f"{site}/extra.py",
        "bin/run",
        "bin/go",
        "share/jupyter/x.json",
        "include/python3.11/tiny/tiny.h",
    }


def test_a_path_belongs_to_the_first_package_by_name(make_wheel: MakeWheel) -> None:
    shared = {"tests/__init__.py": ""}
    bb = make_wheel("bb", files=shared, entry_points="[console_scripts]\ngo = bb:main\n")
    aa = make_wheel("aa", files=shared, entry_points="[console_scripts]\ngo = aa:main\n")
    cc = make_wheel("cc", tag=LINUX)
    lost = {"bin/go", "lib/python3.11/site-packages/tests/__init__.py"}
    assert collisions([read(bb), read(aa), read(cc)], "3.11") == {"bb": frozenset(lost)}


def test_a_file_outside_the_environment_is_refused(make_wheel: MakeWheel) -> None:
    wheel = read(make_wheel(files={"../evil.py": ""}))
    with pytest.raises(RigError, match="outside"):
        installed_paths(wheel, "3.11")


def test_half_a_wheel_is_named(tmp_path: Path) -> None:
    path = tmp_path / "tiny-1.0-py3-none-any.whl"
    path.write_bytes(b"PK")
    with pytest.raises(RigError, match=r"tiny-1\.0"):
        read(path)
