from __future__ import annotations

import platform

import pytest

from rig import RigError
from rig.machine import platforms


@pytest.mark.parametrize(
    ("machine", "here", "other"),
    [("x86_64", "linux/amd64", "linux/arm64"), ("aarch64", "linux/arm64", "linux/amd64")],
)
def test_the_other_platform_is_the_one_that_is_not_here(
    monkeypatch: pytest.MonkeyPatch, machine: str, here: str, other: str
) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: machine)
    assert (platforms.native().docker, platforms.foreign().docker) == (here, other)


@pytest.mark.parametrize(("system", "machine"), [("Darwin", "x86_64"), ("Linux", "riscv64")])
def test_another_machine_is_refused(
    monkeypatch: pytest.MonkeyPatch, system: str, machine: str
) -> None:
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    with pytest.raises(RigError, match="use Linux"):
        platforms.native()
