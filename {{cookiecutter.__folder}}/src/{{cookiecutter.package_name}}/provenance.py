"""Say what a result was made from: the lock, the commit, the image."""

import hashlib
import os
import subprocess
from pathlib import Path


def provenance(folder: Path) -> dict[str, str]:
    """Return what is known of the project in *folder*; what is not known is left out.

    A container does not know its own image: ``IMAGE_DIGEST`` names it (see the README).
    """
    found = {
        "commit": _commit(folder) or os.environ.get("GITHUB_SHA", ""),
        "lock": _sha256(folder / "strata.lock"),
        "image": os.environ.get("IMAGE_DIGEST", ""),
    }
    return {name: text for name, text in found.items() if text}


def _sha256(file: Path) -> str:
    return f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}" if file.is_file() else ""


def _commit(folder: Path) -> str:
    try:
        commit = _git(folder, "rev-parse", "--verify", "--quiet", "HEAD")
        changed = commit and _git(folder, "status", "--porcelain")
    except OSError:
        return ""
    return f"{commit}, with changes" if changed else commit


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *words], capture_output=True, text=True, check=False
    )
    return done.stdout.strip()
