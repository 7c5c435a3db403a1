"""The ``variables:`` of an environment, kept where activation finds them.

conda, mamba and rattler read ``conda-meta/state``. A shell that only sources the scripts in
``etc/conda/activate.d``, as the image's entry point does, gets them from a script there. Its name
sorts before those of packages, because conda sets variables before it runs any script.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from conda_strata.core import atomic
from conda_strata.core.errors import StrataError
from conda_strata.prefix.conda_meta import permission

STATE = PurePosixPath("conda-meta/state")
SCRIPT = PurePosixPath("etc/conda/activate.d/0-variables-of-environment.sh")
_FORMER = PurePosixPath("etc/conda/activate.d/variables-of-environment.sh")


def files(variables: Mapping[str, str]) -> dict[PurePosixPath, str]:
    """Return path to text of the files that hold *variables*; none where there are none."""
    if not variables:
        return {}
    named = dict(sorted(variables.items()))
    exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in named.items())
    state = json.dumps({"version": 1, "env_vars": named}, indent=2) + "\n"
    return {STATE: state, SCRIPT: exports}


def write(prefix: Path, variables: Mapping[str, str]) -> None:
    """Make *variables* those of the environment at *prefix*, in the place of any it had.

    Raises
    ------
    StrataError
        When they cannot be written, or would be out of the prefix.
    """
    wanted = files(variables)
    for path in (STATE, SCRIPT, _FORMER):
        target = prefix / path
        if not target.parent.resolve().is_relative_to(prefix.resolve()):
            raise StrataError(
                f"{target.parent} leads out of {prefix}, and variables are kept there",
                "Delete the symbolic link in it, and repeat.",
            )
        if path not in wanted:
            target.unlink(missing_ok=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        atomic.write(target, wanted[path].encode())
        target.chmod(permission(0o666))
