"""TCP ports and what answers on them."""

from __future__ import annotations

import http.client
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable

from rig.machine.errors import RigError


def can_bind(host: str, port: int) -> bool:
    """Tell whether a server could listen on this address now (port 0: on any port)."""
    with socket.socket() as probe:
        # As servers do: a port whose last connections are still fading counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def choose(host: str, preferred: int | None) -> int:
    """Return the preferred port when it is free, else a free one."""
    if preferred and can_bind(host, preferred):
        return preferred
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def answers(url: str, timeout: float = 3) -> bool:
    """Tell whether a plain GET of this URL succeeds, without any proxy in between."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=timeout) as response:
            return int(response.status) == 200
    except (urllib.error.URLError, http.client.HTTPException, OSError):
        return False


def wait_for(ready: Callable[[], bool], seconds: float, failure: str) -> None:
    """Poll until `ready` says so.

    Raises
    ------
    RigError
        With the text `failure`, when it is not so after `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise RigError(failure)
        time.sleep(0.1)
