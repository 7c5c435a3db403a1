"""The program uv, which resolves and installs the packages of ``pip:`` lists."""

from __future__ import annotations

import threading

import uv

_FINDING = threading.Lock()


def uv_command(*words: str) -> list[str]:
    """Return the words of a uv command; uv comes with strata, from the same place as strata."""
    with _FINDING:  # sysconfig, which uv asks, is not safe in threads before it is set up
        return [uv.find_uv_bin(), *words]
