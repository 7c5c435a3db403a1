"""The project's folder and JupyterLab's port: what a container may have got wrong from outside."""

from __future__ import annotations

import http.client
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from conda_strata.core import container
from conda_strata.doctor.finding import Finding, ok, problem, warning

PORT = 8888
"""Where ``strata lab`` listens, which editors forward and the README publishes."""

_ANSWERING = 2
_MOST = 10_000
"""Bytes that are read of an answer."""


def workspace(folder: Path) -> Iterator[Finding]:
    """Say whether files of the project can be written, such as the lock and the report."""
    if os.access(folder, os.W_OK):
        yield ok("workspace", f"{folder} can be written")
    elif container.inside():
        yield problem(
            "workspace",
            f"{folder} cannot be written",
            "Mount it without ':ro', and start the container as the user that it belongs to: "
            'docker run --user "$(id -u):0" …',
        )
    else:
        fix = f"Fix its permissions: 'ls -ld {folder}' says whose it is. Or use a copy elsewhere."
        yield problem("workspace", f"{folder} cannot be written", fix)


def port(number: int = PORT) -> Iterator[Finding]:
    """Say whether JupyterLab's port is free, or a Jupyter server answers there."""
    try:
        socket.create_server(("127.0.0.1", number)).close()
    except OSError:
        if _is_jupyter(number):
            yield ok("port", f"a Jupyter server answers on {number}")
            return
        other = number + 1
        yield warning(
            "port",
            f"port {number}, which JupyterLab takes first, is another program's",
            f"'strata lab' takes the next free one. For a container, publish another one: "
            f"docker run -p 127.0.0.1:{other}:{number} …",
        )
    else:
        yield ok("port", f"{number} is free for JupyterLab")


def _is_jupyter(number: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", number, timeout=_ANSWERING)
    try:
        connection.request("GET", "/api")
        return "version" in json.loads(connection.getresponse().read(_MOST))
    except (OSError, http.client.HTTPException, ValueError, TypeError):
        return False
    finally:
        connection.close()
