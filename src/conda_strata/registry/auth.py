"""Answers to a registry that asks who is there: a login of its own, or a token for it.

A login goes to the registry that it is for, or to who gives tokens for it as that registry itself
says; nothing goes over plain HTTP, but on this machine. See
https://distribution.github.io/distribution/spec/auth/token/.
"""

from __future__ import annotations

import re
import threading
from functools import cached_property
from urllib.parse import urlencode

from conda_strata.core.errors import NetworkError
from conda_strata.registry import credentials, documents
from conda_strata.registry.credentials import Login
from conda_strata.registry.reference import Reference
from conda_strata.registry.transport import Answer, Transport

Scopes = tuple[str, ...]
"""What is asked for, such as ``repository:owner/project:pull,push``."""

_CHALLENGE = re.compile(
    r"""([\w-]+)\s*=\s*(?:"((?:\\.|[^"\\])*)"|([^\s,"]+))|([A-Za-z][\w-]*)(?=[\s,]|$)""", re.ASCII
)
_CHALLENGE_LIMIT = 4096
_TOKEN = re.compile(r"[!-~]+")
_CLIENT = "conda-strata"


class TokenRefusedError(Exception):
    """Who gives tokens gave none.

    Parameters
    ----------
    answer
        What came instead.
    """

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer.code}")
        self.answer = answer


class Auth:
    """Who we are to one registry.

    Parameters
    ----------
    transport
        What asks it.
    reference
        The repository there.
    login
        Whether to use a login that is kept, or to be anybody.
    """

    def __init__(self, transport: Transport, reference: Reference, *, login: bool) -> None:
        self._transport, self._reference = transport, reference
        self._as_anybody = not login
        self._known: dict[Scopes, str] = {}
        self._lock = threading.Lock()

    @cached_property
    def _login(self) -> Login | None:
        return None if self._as_anybody else credentials.find(self._reference)

    def known(self, scopes: Scopes) -> str:
        """Return the header for requests of that kind; "" before the registry has asked."""
        return self._known.get(scopes, "")

    def renew(self, answer: Answer, scopes: Scopes, used: str) -> str:
        """Return another header than *used*, after that *answer*; "" where there is none.

        Raises
        ------
        NetworkError
            When the registry sends logins to a place that is not safe, or a token is none.
        TokenRefusedError
            When who gives tokens gives none.
        """
        with self._lock:
            if (known := self.known(scopes)) != used:
                return known
            self._known.pop(scopes, None)
            schemes = _schemes(answer)
            if "bearer" in schemes:
                self._known[scopes] = f"Bearer {self._token(schemes['bearer'], scopes)}"
            elif "basic" in schemes and self._login and self._login.password:
                self._known[scopes] = self._login.basic
            found = self.known(scopes)
            return found if found != used else ""

    def lacks(self, answer: Answer) -> str:
        """Return why there was no login to give; "" where one was given."""
        schemes = _schemes(answer)
        if schemes and not schemes.keys() & {"bearer", "basic"}:
            return f"the registry wants a login by {', '.join(sorted(schemes))[:40]} alone"
        return "" if self._login else "the registry wants a login"

    def _token(self, said: dict[str, str], scopes: Scopes) -> str:
        realm = said.get("realm", "")
        wanted = dict.fromkeys([*scopes, *said.get("scope", "").split()])
        service = {"service": said["service"]} if said.get("service") else {}
        if self._login and self._login.identity:
            form = {
                "grant_type": "refresh_token",
                "client_id": _CLIENT,
                "refresh_token": self._login.identity,
                "scope": " ".join(wanted),
            }
            answer = self._transport.send("POST", realm, headers={}, data={**service, **form})
        else:
            query = urlencode([*service.items(), *(("scope", scope) for scope in wanted)])
            answer = self._transport.send(
                "GET",
                f"{realm.partition('#')[0]}{'&' if '?' in realm else '?'}{query}",
                headers={},
                authorization=self._login.basic if self._login else "",
            )
        if not answer.ok:
            raise TokenRefusedError(answer)
        try:
            found = documents.parse(answer.body)
        except ValueError:
            found = None
        found = found if isinstance(found, dict) else {}
        token = found.get("token") or found.get("access_token")
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise NetworkError(
                f"{self._transport.name}: who gives tokens for the registry answered with none",
                f"Check the registry's state, and 'docker login {self._reference.host}'.",
            )
        return token


def _schemes(answer: Answer) -> dict[str, dict[str, str]]:
    """Return the kinds of login that a registry takes, with what it says of each."""
    found: dict[str, dict[str, str]] = {}
    current: dict[str, str] = {}
    said = answer.headers.get("WWW-Authenticate", "")[:_CHALLENGE_LIMIT]
    for name, quoted, bare, scheme in _CHALLENGE.findall(said):
        if scheme:
            current = found.setdefault(scheme.lower(), {})
        else:
            current.setdefault(name.lower(), re.sub(r"\\(.)", r"\1", quoted) or bare)
    return found
