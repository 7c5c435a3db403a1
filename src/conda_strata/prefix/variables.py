"""The ``variables:`` of an environment, kept where activation finds them.

conda, mamba and rattler read ``conda-meta/state``. A shell that only sources the scripts in
``etc/conda/activate.d``, as the image's entry point does, gets them from a script there. Values
that a shell could take for more than text are in the script alone, which quotes them: rattler's
activation would let the shell expand them.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from conda_strata.core import atomic
from conda_strata.core.errors import StrataError

_SPECIAL = set('$`\\"!\n')

STATE = PurePosixPath("conda-meta/state")
SCRIPT = PurePosixPath("etc/conda/activate.d/variables-of-environment.sh")


def files(variables: Mapping[str, str]) -> dict[PurePosixPath, str]:
    """Return path to text of the files that hold *variables*; none where there are none."""
    if not variables:
        return {}
    named = dict(sorted(variables.items()))
    exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in named.items())
    plain = {name: value for name, value in named.items() if not set(value) & _SPECIAL}
    state = json.dumps({"version": 1, "env_vars": plain}, indent=2) + "\n"
    return {STATE: state, SCRIPT: exports}


def write(prefix: Path, variables: Mapping[str, str]) -> None:
    """Make *variables* those of the environment at *prefix*, in the place of any it had.

    Raises
    ------
    StrataError
        When they cannot be written, or would be out of the prefix.
    """
    wanted = files(variables)
    for path in (STATE, SCRIPT):
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
        target.chmod(0o664)
