"""Requests to an image registry: with a login, told retries, and errors that say what to do."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from typing import IO

import requests

from conda_strata.core.errors import NetworkError
from conda_strata.core.log import logger
from conda_strata.registry import documents
from conda_strata.registry.auth import Auth, Scopes, TokenRefusedError
from conda_strata.registry.documents import LIMIT
from conda_strata.registry.reference import DOCKER_HUB, Reference
from conda_strata.registry.transport import Answer, Transport

_log = logger(__name__)

_PAUSES = (0.5, 1.0, 2.0)
_PASSING = {408, 425, 429, 500, 502, 503, 504}
_SHOWN = 300
"""Characters of a registry's own words that an error has."""

_UNCONNECTED = re.compile(r"""\w+\(["']HTTPS?Connection\([^)]*\): (.*)""")
"""urllib3's words for a host that cannot be connected to, with what happened in the group."""


class Client:
    """What asks one registry.

    Parameters
    ----------
    reference
        The repository that is asked for.
    name
        The same, as messages call it.
    login
        Whether to use a login that is kept, or to be anybody.
    timeout
        Seconds to wait for a server that says nothing; None for the user's own setting.
    """

    def __init__(
        self, reference: Reference, name: str, *, login: bool = True, timeout: int | None = None
    ) -> None:
        self._host, self._name = reference.host, name
        self._transport = Transport(reference.origin, name, timeout)
        self._auth = Auth(self._transport, reference, login=login)

    def request(
        self,
        method: str,
        url: str,
        scopes: Scopes,
        *,
        absent: tuple[int, ...] = (),
        headers: Mapping[str, str] | None = None,
        data: bytes | Iterable[bytes] | None = None,
        into: IO[bytes] | None = None,
        limit: int = LIMIT,
    ) -> Answer:
        """Return the answer: a success, or one of the codes *absent*.

        Parameters
        ----------
        method, url, headers, data
            The request.
        scopes
            What it needs a token for, where the registry wants one.
        absent
            Codes of failures that are answers.
        into
            Where a success is written to, instead of into memory.
        limit
            Bytes of a success.

        Raises
        ------
        NetworkError
            When it is neither, after further tries where they can help.
        """
        for pause in (*_PAUSES, None):
            code = 0
            try:
                answer = self.once(
                    method, url, scopes, headers=headers, data=data, into=into, limit=limit
                )
            except (requests.RequestException, OSError, ValueError) as error:
                failure = _cause(error)
            except TokenRefusedError as error:
                code, failure = error.answer.code, self.failure(method, error.answer)
            else:
                if answer.ok or answer.code in absent:
                    return answer
                code, failure = answer.code, self.failure(method, answer)
            if pause is None or (code and code not in _PASSING):
                break
            _log.info("%s: %s, trying again in %g s", self._name, failure, pause)
            time.sleep(pause)
        raise NetworkError(f"{self._name}: {failure}", _fix(self._host, code))

    def once(
        self,
        method: str,
        url: str,
        scopes: Scopes,
        *,
        headers: Mapping[str, str] | None = None,
        data: bytes | Iterable[bytes] | None = None,
        into: IO[bytes] | None = None,
        limit: int = LIMIT,
    ) -> Answer:
        """Return the answer to one request, whatever it is.

        Raises
        ------
        NetworkError
            When the registry answers with something that is not safe.
        TokenRefusedError
            When it wants a token, and who gives tokens gives none.
        requests.RequestException, OSError, ValueError
            When there is no answer.
        """
        _log.debug("%s %s", method, url)

        def send(authorization: str) -> Answer:
            return self._transport.send(
                method,
                url,
                headers=headers or {},
                authorization=authorization,
                data=data,
                into=into,
                limit=limit,
            )

        own = self._transport.checked(url) == self._transport.registry
        answer = send(used := self._auth.known(scopes) if own else "")
        if answer.code != 401 or self._transport.checked(answer.url) != self._transport.registry:
            return answer
        renewed = self._auth.renew(answer, scopes, used)
        return send(renewed) if renewed else answer

    def resolve(self, answer: Answer, location: str) -> str:
        """Return where *answer* says to go on."""
        return self._transport.resolve(answer.url, location)

    def failure(self, method: str, answer: Answer) -> str:
        """Return what a registry says of a request that failed, on one line."""
        lacking = self._auth.lacks(answer) if answer.code == 401 else ""
        return lacking or f"{method} {answer.code} {_said(answer)}".strip()


def _said(answer: Answer) -> str:
    try:
        errors = documents.parse(answer.body)["errors"]
        text = "; ".join(str(e.get("message") or e["code"]) for e in errors)
    except (ValueError, LookupError, TypeError, AttributeError):
        text = answer.reason
    return _shown(text)


def _cause(error: Exception) -> str:
    text = (str(error).rpartition("Caused by ")[2] or str(error))[: 4 * _SHOWN]
    text = re.sub(r"<[^>]*>:?\s*", "", text).strip("()'")
    if unconnected := _UNCONNECTED.match(text):
        text = unconnected[1].rstrip("\"'")
    return _shown(text) or type(error).__name__


def _shown(text: str) -> str:
    """Return a stranger's words on one line, without what a terminal would obey."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: 2 * _SHOWN]).split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"


def _fix(host: str, code: int) -> str:
    if not code:
        return f"Check the network, the proxy and the name {host}; then repeat."
    if code in {401, 403}:
        login = "docker login" if host == DOCKER_HUB else f"docker login {host}"
        return f"Log in with an account that may do this: '{login}'."
    if code == 413:
        return "Raise the size that the registry, or a proxy before it, allows for one request."
    return "Check the name and the registry's state; then repeat."
