"""One request to a registry and its answer: where it may go, and how much may come back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import IO
from urllib.parse import urljoin

import requests

from conda_strata.core.errors import NetworkError
from conda_strata.rattler import channels
from conda_strata.registry.documents import LIMIT
from conda_strata.registry.reference import Origin

REDIRECTS = 5
"""How often a request for reading may be sent on; writing is not sent on at all."""

_MOVED = {301, 302, 303, 307, 308}


@dataclass(frozen=True)
class Answer:
    """What a registry answered.

    Attributes
    ----------
    code, reason, headers
        As HTTP has them; the names of headers are in any case.
    body
        All of it, but for what went into a file.
    url
        Who answered, after redirects.
    """

    code: int
    reason: str
    headers: Mapping[str, str]
    body: bytes
    url: str

    @property
    def ok(self) -> bool:
        """Whether it is a success."""
        return 200 <= self.code < 300


class _Session(requests.Session):
    """Sends what it is told: no login of ~/.netrc, no cookies, no redirects by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.auth = lambda request: request
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Prepare no further request, for which the answer's body would be read without limit."""


class Transport:
    """What sends requests on behalf of one registry.

    Parameters
    ----------
    registry
        Who is asked first.
    name
        What messages call it.
    timeout
        Seconds to wait for a server that says nothing; None for the user's own setting.
    """

    def __init__(self, registry: Origin, name: str, timeout: int | None = None) -> None:
        self.registry, self.name = registry, name
        self._timeout = timeout
        self._session = _Session()

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        authorization: str = "",
        data: bytes | Mapping[str, str] | Iterable[bytes] | None = None,
        into: IO[bytes] | None = None,
        limit: int = LIMIT,
    ) -> Answer:
        """Return the answer, after redirects.

        Parameters
        ----------
        method, url, headers, data
            The request.
        authorization
            Who asks: for the first host alone, never for one that it sends us to.
        into
            Where a success is written to, instead of into memory.
        limit
            Bytes of a success.

        Raises
        ------
        NetworkError
            When a redirect is unsafe, or the answer is too large.
        requests.RequestException, OSError, ValueError
            When there is no answer.
        """
        start = self.checked(url)
        for _ in range(REDIRECTS + 1):
            if self.checked(url) != start:
                authorization = ""
            login = {"Authorization": authorization} if authorization else {}
            with self._session.request(
                method,
                url,
                headers={"Accept-Encoding": "identity", **headers, **login},
                data=data,
                stream=True,
                allow_redirects=False,
                timeout=channels.timeout() if self._timeout is None else self._timeout,
                # A proxy does not reach this machine, and would see what is said on it.
                proxies={"http": "", "all": ""} if self.checked(url).is_loopback else None,
            ) as answer:
                to = answer.headers.get("Location", "")
                if method not in {"GET", "HEAD"} or answer.status_code not in _MOVED or not to:
                    code, body = answer.status_code, self._read(answer, into, limit)
                    return Answer(code, answer.reason or "", answer.headers, body, url)
            url = self.resolve(url, to)
        raise NetworkError(
            f"{self.name}: the registry sends requests on without an end",
            "Check the name and the registry's state; then repeat.",
        )

    def checked(self, url: str) -> Origin:
        """Return who answers at a URL that the registry named.

        Raises
        ------
        NetworkError
            When nothing is sent there.
        """
        try:
            origin = Origin.of(url)
        except ValueError as error:
            raise self._unsafe("no plain URL") from error
        if not self.registry.may_send_to(origin):
            raise self._unsafe(f"{origin.scheme}://{origin.host}, which is not encrypted")
        return origin

    def _unsafe(self, where: str) -> NetworkError:
        return NetworkError(
            f"{self.name}: the registry sends requests on to {where}",
            "Nothing was sent there. Check the name and the registry.",
        )

    def resolve(self, base: str, location: str) -> str:
        """Return where a registry says to go on, absolute or relative to *base*.

        Behind a proxy for TLS, many a registry calls its own address http.

        Raises
        ------
        NetworkError
            When nothing is sent there.
        """
        try:
            url = urljoin(base, location).partition("#")[0]
        except ValueError:
            url = ""
        root = "/".join(base.split("/")[:3])
        plain = root.replace("https", "http", 1)
        if url.lower().startswith(f"{plain}/".lower()) and Origin.of(root) == self.registry:
            url = root + url[len(plain) :]
        self.checked(url)
        return url

    def _read(self, answer: requests.Response, into: IO[bytes] | None, limit: int) -> bytes:
        body, count = bytearray(), 0
        if into:
            into.seek(0)
            into.truncate()
        for block in answer.iter_content(1 << 16):
            count += len(block)
            if count > (limit if answer.ok else LIMIT):
                raise NetworkError(
                    f"{self.name}: the answer is larger than the {limit:,} bytes it may have",
                    "Nothing of it was used. Check the name and the registry.",
                )
            if into and answer.ok:
                into.write(block)
            else:
                body += block
        return bytes(body)
