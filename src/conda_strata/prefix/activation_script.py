"""What a shell runs to activate a prefix, in conda's order: variables first, scripts after them.

Not rattler's: it writes values of packages and of ``variables:`` between double quotes, where the
shell would run what they name, and conda takes them for text.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from conda_strata.core.errors import StrataError
from conda_strata.prefix.variables import STATE

_UNSET = "***unset***"
"""What conda writes in ``conda-meta/state`` for a variable that was taken back."""


def posix(prefix: Path, path: Sequence[str] | None = None) -> str:
    """Return the script for bash, zsh and other POSIX shells.

    Parameters
    ----------
    prefix
        The environment.
    path
        The folders of programs behind its own; those of the shell by default.
    """
    own = shlex.quote(str(prefix / "bin"))
    rest = shlex.quote(os.pathsep.join(path)) if path is not None else '"$PATH"'
    values = {**_standard(prefix), **environment_variables(prefix)}
    lines = [f"export PATH={own}:{rest}"]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in values.items()]
    lines += [f". {shlex.quote(str(script))}" for script in scripts(prefix, "activate.d", "sh")]
    return "\n".join(lines)


def fish(prefix: Path) -> str:
    """Return the script for fish."""
    values = {**_standard(prefix), **environment_variables(prefix)}
    lines = [f"set -gx PATH {fish_quote(str(prefix / 'bin'))} $PATH"]
    lines += [f"set -gx {name} {fish_quote(value)}" for name, value in values.items()]
    lines += [
        f"source {fish_quote(str(script))}" for script in scripts(prefix, "activate.d", "fish")
    ]
    return "\n".join(lines)


def environment_variables(prefix: Path) -> dict[str, str]:
    """Return the variables that packages bring, and those of the environment, which win.

    Raises
    ------
    StrataError
        When a file of them cannot be read.
    """
    return {
        name: value
        for file in [*scripts(prefix, "env_vars.d", "json"), prefix / STATE]
        for name, value in _values(file, "env_vars" if file == prefix / STATE else None)
    }


def _values(file: Path, key: str | None) -> Iterator[tuple[str, str]]:
    if file.exists() and not file.is_file():
        raise StrataError(f"{file} is no regular file", "Delete it.")
    try:
        found = json.loads(file.read_text("utf-8"))
        named = dict(found.get(key, {}) if key else found)
    except FileNotFoundError:
        return
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise StrataError(
            f"{file} holds no variables: {error}",
            "Install the package that owns it anew, or remove the file.",
        ) from error
    for name, value in named.items():
        # no other name is one in a shell, and in one it would be run
        if name.isidentifier() and name.isascii() and value != _UNSET:
            yield name, str(value)


def scripts(prefix: Path, folder: str, suffix: str) -> list[Path]:
    """Return the files of ``etc/conda/FOLDER``, in the order that conda takes them."""
    return sorted((prefix / "etc/conda" / folder).glob(f"*.{suffix}"))


def _standard(prefix: Path) -> dict[str, str]:
    return {"CONDA_PREFIX": str(prefix), "CONDA_SHLVL": "1"}


def fish_quote(text: str) -> str:
    """Return *text* as one word of fish."""
    plain = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{plain}'"
