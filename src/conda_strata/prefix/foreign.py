"""Programs that are not of the environment, and are run in it all the same."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from conda_strata.prefix.leaving import leave_active

_LANGUAGE = re.compile(r"(python|pip|R|Rscript|julia|node|npm|perl|ruby)[\d.]*(\.exe)?")
_SYSTEM = {"/bin", "/sbin", "/usr/bin", "/usr/sbin"}


def program(prefix: Path, word: str) -> str | None:
    """Return the path of the program that *word* names, if it brings another environment's packages.

    A tool of the system, such as ``sh`` or ``git``, is none of those: people expect it.
    """
    if os.name == "nt" or "/" in word or shutil.which(word, path=str(prefix / "bin")):
        return None
    # Those of the environment that is active are left with it.
    path = shutil.which(word, path=os.pathsep.join(leave_active(prefix)[1]))
    if path is None:
        return None
    is_system = str(Path(path).parent) in _SYSTEM and not _LANGUAGE.fullmatch(word)
    return None if is_system and not _is_python_script(path) else path


def _is_python_script(path: str) -> bool:
    try:
        with Path(path).open("rb") as opened:
            return bool(re.match(rb"#!.*python", opened.read(200)))
    except OSError:
        return False
