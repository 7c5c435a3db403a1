"""The program uv, which resolves and installs the packages of ``pip:`` lists."""

from __future__ import annotations

import shutil
import threading

from conda_strata.core.errors import StrataError

_FINDING = threading.Lock()


def uv_command(*words: str) -> list[str]:
    """Return the words of a uv command: of the uv that came with strata, else of one on PATH.

    Raises
    ------
    StrataError
        When there is none.
    """
    with _FINDING:  # sysconfig, which uv asks, is not safe in threads before it is set up
        program = _with_strata() or shutil.which("uv")
    if program is None:
        raise StrataError(
            "uv is not here, and 'pip:' lists need it",
            "Install strata again, or add uv to environment-dev.yml: the dev image leaves it out.",
        )
    return [program, *words]


def _with_strata() -> str | None:
    try:
        import uv

        return uv.find_uv_bin()
    except (ImportError, FileNotFoundError):
        return None
