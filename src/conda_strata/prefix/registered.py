"""The list of environments that conda keeps, ``~/.conda/environments.txt``.

``conda env list`` shows what is in it, and ``conda doctor`` finds fault with an environment that is
not. conda itself takes out what is gone.
"""

from __future__ import annotations

import os
from pathlib import Path


def register(prefix: Path) -> None:
    """Add *prefix* to the list, where this user has conda; a list that cannot be changed stays."""
    try:
        file = Path.home() / ".conda/environments.txt"
        if not file.parent.is_dir():
            return
        text = file.read_text("utf-8") if file.exists() else ""
        line = os.path.normpath(prefix.absolute())
        if line in text.splitlines() or "\n" in line:
            return
        with file.open("a", encoding="utf-8") as opened:
            opened.write(f"{line}\n" if not text or text.endswith("\n") else f"\n{line}\n")
    except (OSError, UnicodeDecodeError, RuntimeError):
        return
