"""Requests to GitHub's API and to its registry, and their answers as JSON.

What is not understood is an error: what is not known for sure is not deleted.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException, HTTPMessage
from typing import IO, Any

MOST_BYTES = 8 * 10**6
_WAITS = (0, 1, 4)
"""Seconds before each attempt to read; nothing but reading is tried again."""


class AnswerError(Exception):
    """Why something is not known, or was not done.

    Attributes
    ----------
    status
        The server's, where there is one.
    """

    def __init__(self, what: str, status: int = 0) -> None:
        super().__init__(what)
        self.status = status


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Another host must not get the token."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> None:
        """Follow no redirect, which makes it an error."""


_opener = urllib.request.build_opener(_NoRedirect)


def ask(url: str, headers: Mapping[str, str], method: str = "GET") -> tuple[bytes, HTTPMessage]:
    """Return the body of an answer and its headers.

    Raises
    ------
    AnswerError
        If there is none, or it is none of success.
    """
    request = urllib.request.Request(url, method=method, headers=dict(headers))  # noqa: S310
    failed = AnswerError(f"{method} {url}: no answer")
    for wait in _WAITS if method == "GET" else _WAITS[:1]:
        time.sleep(wait)
        try:
            with _opener.open(request, timeout=60) as answer:
                body = answer.read(MOST_BYTES + 1)
        except urllib.error.HTTPError as error:
            failed = AnswerError(f"{method} {url}: {error.code} {error.reason}", error.code)
            error.close()
            if error.code < 500:
                break
        except (HTTPException, OSError) as error:
            failed = AnswerError(f"{method} {url}: {error}")
        else:
            if len(body) > MOST_BYTES:
                raise AnswerError(f"{method} {url}: the answer is too large")
            return body, answer.headers
    raise failed


def parse(url: str, body: bytes) -> Any:
    """Return a list or an object.

    Raises
    ------
    AnswerError
        If it is neither.
    """
    try:
        found = json.loads(body)
    except (RecursionError, ValueError):
        found = None
    if not isinstance(found, list | dict):
        raise AnswerError(f"{url}: the answer is not understood")
    return found
