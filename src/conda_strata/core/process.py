"""Programs that have the terminal to themselves until they end."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Mapping, Sequence


def call(command: Sequence[str], variables: Mapping[str, str]) -> int:
    """Run a program with these variables alone, and return its exit code, 128 + N after signal N.

    Control-C is for the program and what runs in it.
    """
    # A handler, unlike "ignore", is not handed down to them.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        code = subprocess.call(command, env=variables)
    finally:
        signal.signal(signal.SIGINT, before)
    return code if code >= 0 else 128 - code
