"""A conflict names the version that would fit: Python too new for a pin, or a pin too old for Python."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import HandMadeChannel, Strata, write_environment


@pytest.fixture
def wide(tmp_path: Path) -> HandMadeChannel:
    """Two Pythons, and a package whose old version is for the old one."""
    channel = HandMadeChannel(tmp_path / "wide")
    channel.add("python", "3.11.5")
    channel.add("python", "3.12.1")
    channel.add("frames", "1.0", depends=["python >=3.11,<3.12.0a0"])
    channel.add("frames", "2.0", depends=["python >=3.12,<3.13.0a0"])
    channel.add("old-tool", "1.0", depends=["python <3.12"])
    channel.add("older-tool", "1.0", depends=["frames <1"])
    channel.index()
    return channel


def said(strata: Strata) -> str:
    refused = strata("lock")
    assert refused.returncode == 4, refused.stderr
    return refused.stderr


def test_python_too_new_for_a_pin(strata: Strata, project: Path, wide: HandMadeChannel) -> None:
    file = write_environment(project, wide, ["python =3.12", "frames =1.0"])
    text = said(strata)
    assert "environment.yml:4: python =3.12\n" in text
    assert "environment.yml:5: frames =1.0\n" in text
    line = "environment.yml:4: 'python =3.11' or environment.yml:5: 'frames =2.0'"
    assert f"  The rest fits with {line}.\n" in text
    file.write_text(file.read_text().replace("python =3.12", "python =3.11"))
    assert strata("lock").returncode == 0


def test_channel_of_the_spec_stays(strata: Strata, project: Path, wide: HandMadeChannel) -> None:
    write_environment(project, wide, [f"{wide.url}::python >=3.12", "old-tool"])
    assert f"The rest fits with environment.yml:4: '{wide.url}::python =3.11'." in said(strata)


def test_nothing_fits(strata: Strata, project: Path, wide: HandMadeChannel) -> None:
    write_environment(project, wide, ["python =3.12", "older-tool"])
    text = said(strata)
    assert "The rest fits" not in text
    assert "Loosen or remove one of the specs named above." in text
