"""Requests to an image registry: with a login, told retries, and errors that say what to do.

Credentials are read by the oras library, as Docker keeps them after ``docker login``.
"""

from __future__ import annotations

import inspect
import logging
import os
import re
import time
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import oras.container
import oras.provider
import requests
from oras.auth.basic import BasicAuth

from conda_strata.core.errors import NetworkError
from conda_strata.rattler import channels

_log = logging.getLogger(__name__)

DOCKER_HUB = "registry-1.docker.io"
"""Where Docker Hub answers; it is called docker.io."""

_LOOPBACK = re.compile(r"(localhost|127(\.\d+){3}|\[::1\])(:\d+)?")
_PAUSES = (0.5, 1.0, 2.0)
_PASSING = {408, 425, 429, 500, 502, 503, 504}


class _Oras(oras.provider.Registry):
    """The library's client, without its silent waits: retries are told here."""

    do_request = inspect.unwrap(oras.provider.Registry.do_request)


class Client:
    """What asks one registry.

    Parameters
    ----------
    container
        The repository that is asked for.
    name
        The same, as messages call it.
    """

    def __init__(self, container: oras.container.Container, name: str) -> None:
        self._container, self._name = container, name

    @cached_property
    def _oras(self) -> _Oras:
        host = self._container.registry
        plain = bool(_LOOPBACK.fullmatch(host))
        client = _Oras(hostname=host, insecure=plain, auth_backend=_auth_backend(host, plain))
        client.session.request = partial(client.session.request, timeout=channels.timeout())
        folder = os.environ.get("DOCKER_CONFIG")
        configured = Path(folder, "config.json") if folder else None
        configs = [str(configured)] if configured and configured.exists() else None
        client.auth.load_configs(self._container, configs)
        if host == DOCKER_HUB and not hasattr(client.auth, "_basic_auth"):
            client.auth._load_auth("https://index.docker.io/v1/")
        if isinstance(client.auth, BasicAuth) and not hasattr(client.auth, "_basic_auth"):
            raise NetworkError(f"{self._name}: the registry wants a login", _fix(host, 401))
        return client

    def request(
        self, method: str, url: str, *, absent: tuple[int, ...] = (), **options: Any
    ) -> requests.Response:
        """Return the answer: a success, or one of the codes *absent*.

        Raises
        ------
        NetworkError
            When it is neither, after further tries where they can help.
        """
        for pause in (*_PAUSES, None):
            answer, failure = self._try(method, url, options)
            if answer is not None and (answer.ok or answer.status_code in absent):
                return answer
            code = answer.status_code if answer is not None else 0
            if pause is None or (code and code not in _PASSING):
                break
            _log.info("%s: %s, trying again in %g s", self._name, failure, pause)
            time.sleep(pause)
        raise NetworkError(f"{self._name}: {failure}", _fix(self._container.registry, code))

    def _try(
        self, method: str, url: str, options: dict[str, Any]
    ) -> tuple[requests.Response | None, str]:
        prefix = self._oras.prefix
        _log.debug("%s %s", method, url)
        headers = options.pop("headers", {})
        options["headers"] = dict(headers)
        try:
            answer = self._oras.do_request(f"{prefix}://{url}", method, **options)
            if answer.status_code == 401:
                # A token holds for what was asked first: reading, say. Ask anew, for this.
                self._oras.auth.token = None
                options["headers"] = dict(headers)
                answer = self._oras.do_request(f"{prefix}://{url}", method, **options)
        except (requests.RequestException, OSError, ValueError) as error:
            return None, _cause(error)
        finally:
            options["headers"] = headers
        return answer, f"{method} {answer.status_code} {_said(answer)}".strip()

    def location(self, answer: requests.Response) -> str:
        """Return where an upload goes on, without the scheme."""
        return str(self._oras._get_location(answer, self._container)).partition("://")[2]


def _auth_backend(host: str, plain: bool) -> str:
    """Return how a registry wants to know who asks: by tokens, or by name and password each time."""
    try:
        url = f"{'http' if plain else 'https'}://{host}/v2/"
        answer = requests.get(url, timeout=channels.timeout())
    except requests.RequestException:
        return "token"
    wanted = answer.headers.get("WWW-Authenticate", "").lower()
    return "basic" if wanted.startswith("basic") else "token"


def _said(answer: requests.Response) -> str:
    try:
        return "; ".join(e.get("message") or e["code"] for e in answer.json()["errors"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return answer.reason or ""


def _cause(error: Exception) -> str:
    if "authentication" in str(error):
        return "the registry wants a login"
    text = str(error).rpartition("Caused by ")[2] or str(error)
    return re.sub(r"<[^>]*>:?\s*", "", text).strip("()'") or type(error).__name__


def _fix(host: str, code: int) -> str:
    if code in {401, 403} or not code:
        return f"Check that it can be reached, and 'docker login {host}' with the right to write."
    return "Check the name and the registry's state; then repeat."
