"""The scripts of the actions that generated projects use, run as GitHub's runners do."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.template.conftest import TEMPLATE

Script = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """Return a function that runs ``ACTION/NAME.py`` with words, in the test's folder."""

    def run(name: str, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-I", TEMPLATE / ".github/actions" / name, *words],
            cwd=tmp_path,
            env={**os.environ, "LANG": "C.UTF-8", **env},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return run
