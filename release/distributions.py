"""The sdist and the wheel: built as PyPI's users would, and checked."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from release.errors import RefusedError


def build(folder: Path, out: Path, version: str | None = None) -> list[Path]:
    """Build both into *out*, alone there, the wheel from the sdist, and check them.

    Parameters
    ----------
    version
        What they must be, if given.

    Raises
    ------
    RefusedError
        When they have another version, or a check fails.
    """
    shutil.rmtree(out, ignore_errors=True)
    _run("build", "--outdir", str(out), str(folder))
    files = sorted(out.iterdir())
    names = [file.name for file in files]
    if version and names != [
        f"conda_strata-{version}-py3-none-any.whl",
        f"conda_strata-{version}.tar.gz",
    ]:
        raise RefusedError(f"built {', '.join(names)}, which is not version {version}")
    _run("twine", "check", "--strict", *map(str, files))
    _run("check_wheel_contents", *(str(file) for file in files if file.suffix == ".whl"))
    return files


def _run(module: str, *words: str) -> None:
    done = subprocess.run([sys.executable, "-m", module, *words], check=False)
    if done.returncode:
        raise RefusedError(f"'python -m {module}' failed; its message is above")
