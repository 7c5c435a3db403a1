"""Where the program uv is looked for."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from conda_strata.core.errors import StrataError
from conda_strata.pypi.uv import uv_command


def test_the_one_that_came_with_strata(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert Path(uv_command("pip")[0]).is_file()


def test_else_the_one_on_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "uv", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StrataError, match="uv is not here"):
        uv_command("pip")
    program = tmp_path / "uv"
    program.touch(mode=0o755)
    assert uv_command("pip") == [str(program), "pip"]
