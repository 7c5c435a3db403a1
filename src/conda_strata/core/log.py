"""Loggers that import :mod:`logging` with their first notice.

Most commands have nothing to tell, and the import would take as long as all that ``strata check``
does with a lock once it is read.
"""

from __future__ import annotations

from _thread import allocate_lock
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import logging

_listeners: list[Callable[[], object]] = []
"""What is to be called before the first notice."""

_starting = allocate_lock()


class _Logger:
    """Stands for ``logging.getLogger(name)``, and has it do everything."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        import logging

        if _listeners:
            with _starting:
                for listen in _listeners:
                    listen()
                _listeners.clear()
        return getattr(logging.getLogger(self._name), attribute)


def logger(name: str) -> logging.Logger:
    """Return the logger called *name*."""
    return cast("logging.Logger", _Logger(name))


@contextmanager
def heard(listen: Callable[[], AbstractContextManager[None]]) -> Iterator[None]:
    """Enter what *listen* returns before the first notice, and leave it in the end.

    Without a notice, *listen* is not called.
    """
    with ExitStack() as listening:
        _listeners.append(lambda: listening.enter_context(listen()))
        try:
            yield
        finally:
            _listeners.clear()
