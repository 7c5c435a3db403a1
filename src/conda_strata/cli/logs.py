"""What the other rooms log, told to the user."""

from __future__ import annotations

import logging  # noqa: TID253 - this module is imported with the first notice
from collections.abc import Iterator
from contextlib import contextmanager

from conda_strata.cli import console

_PREFIXES = {logging.DEBUG: "debug: ", logging.INFO: ""}


class _Teller(logging.Handler):
    """Says each record on stderr; the same warning only once."""

    def __init__(self) -> None:
        super().__init__()
        self._warned: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        text = console.without_secrets(self.format(record))
        if record.levelno >= logging.WARNING:
            if text in self._warned:
                return
            self._warned.add(text)
        console.say(f"{_PREFIXES.get(record.levelno, 'warning: ')}{text}")


@contextmanager
def told(*, verbose: bool) -> Iterator[None]:
    """Tell the user what strata logs meanwhile: with *verbose*, what helps to debug it too."""
    logger = logging.getLogger("conda_strata")
    teller = _Teller()
    level = logger.level
    logger.addHandler(teller)
    logger.setLevel(logging.DEBUG if verbose else logging.INFO)
    try:
        yield
    finally:
        logger.setLevel(level)
        logger.removeHandler(teller)
