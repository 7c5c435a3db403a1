"""Programs from npm, in the rig's cache."""

from __future__ import annotations

import json
from pathlib import Path

from rig.machine.commands import need, run
from rig.machine.state import cache_dir

PACKAGES = {"@devcontainers/cli": "0.89.0", "axe-core": "4.14.1", "playwright-core": "1.65.1"}


def modules() -> Path:
    """Return the folder ``node_modules`` that has the packages.

    Raises
    ------
    rig.RigError
        When npm is missing and cannot be installed, or fails.
    """
    folder = cache_dir() / "npm"
    if {name: _version(folder, name) for name in PACKAGES} != PACKAGES:
        wanted = [f"{name}@{version}" for name, version in PACKAGES.items()]
        command = [need("npm", "npm"), "install", "--silent", "--no-fund", "--prefix", str(folder)]
        run([*command, *wanted], fix="See what npm says of its registry.", timeout=300)
    return folder / "node_modules"


def _version(folder: Path, name: str) -> str | None:
    try:
        text = (folder / "node_modules" / name / "package.json").read_text("utf-8")
    except OSError:
        return None
    return str(json.loads(text)["version"])
