"""Commands inside an environment, activated as conda does it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from rattler import Subdir
from rattler.exceptions import ActivationError, ShellError
from rattler.shell import ActivationVariables, Shell, activate

from conda_strata.errors import StrataError, UsageError

DEFAULT_PREFIX = Path(".conda")


def find_prefix(named: Path | None) -> Path:
    """Return the environment to work in: the named one, the project's, or the active one.

    The active one (``CONDA_PREFIX``) is what a container of the project's image has.

    Raises
    ------
    UsageError
        When there is none.
    """
    active = os.environ.get("CONDA_PREFIX")
    candidates = [named] if named else [DEFAULT_PREFIX, *([Path(active)] if active else [])]
    for prefix in candidates:
        if (prefix / "conda-meta").is_dir():
            return prefix.absolute()
    raise UsageError(
        f"{candidates[0]} is no conda environment", "Run 'strata install' first, or name --prefix."
    )


def command(prefix: Path, words: Sequence[str], subdir: str) -> list[str]:
    """Return the command that activates *prefix* and then becomes *words*.

    Raises
    ------
    StrataError
        When there is no shell to run the activation scripts in, or one of them is broken.
    """
    shell = shutil.which("bash")
    if shell is None:
        raise StrataError(
            "activation needs bash, which is not on PATH",
            f"Install bash, or run the programs in {prefix / 'bin'} by their path.",
        )
    path = os.environ.get("PATH", "").split(os.pathsep)
    try:
        script = activate(
            prefix, ActivationVariables(None, path), Shell.bash, Subdir(subdir)
        ).script
    except (ActivationError, ShellError) as error:
        raise StrataError(f"{prefix} cannot be activated: {error}") from error
    return [shell, "-c", f'{script}\nexec "$@"', "strata", *words]
