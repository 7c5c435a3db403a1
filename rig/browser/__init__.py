"""A real browser: Chromium, driven by Playwright, with axe-core to look for barriers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from rig.machine import npm
from rig.machine.commands import need

HERE = Path(__file__).parent
NAMES = ("google-chrome", "chromium")
"""Programs that Playwright drives, in the order in which they are looked for."""


def look(script: str, *words: str) -> Any:
    """Return what a script of this folder finds in the browser.

    Raises
    ------
    RuntimeError
        When it fails; the message is what it said.
    """
    chromium = next(filter(None, map(shutil.which, NAMES)), None) or need("chromium", "chromium")
    done = subprocess.run(
        ["node", str(HERE / script), chromium, *words],
        env=os.environ | {"NODE_PATH": str(npm.modules())},
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return json.loads(done.stdout)
