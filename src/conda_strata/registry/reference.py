"""Names of images, as Docker completes them, and where their registry answers."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Self

from conda_strata.core import urls
from conda_strata.core.errors import UsageError

DOCKER_HUB = "registry-1.docker.io"
"""Where Docker Hub answers; it is called docker.io."""

_DOCKER_HUB = {"docker.io": DOCKER_HUB, "index.docker.io": DOCKER_HUB}
_HOST = r"(?:[\w.-]+|\[[0-9a-f:]+\])(?::\d{1,5})?"
_PART = r"\w+(?:(?:\.|-+)\w+)*"
_REFERENCE = re.compile(
    rf"(?P<host>{_HOST})/(?P<path>{_PART}(?:/{_PART})*)"
    r"(?::(?P<tag>\w[\w.-]*))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?",
    re.ASCII | re.IGNORECASE,
)
# Nothing that two readers of URLs understand differently: no user, backslash or blank.
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[\w.-]+|\[[0-9a-f:.]+\])(?::(?P<port>\d{1,5}))?"
    r"(?:[/?#][!-\[\]-~]*)?",
    re.ASCII | re.IGNORECASE,
)


@dataclass(frozen=True)
class Origin:
    """Who answers at a URL: what a login belongs to."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Self:
        """Return the origin of *url*.

        Raises
        ------
        ValueError
            When it is no plain URL.
        """
        found = _URL.fullmatch(url)
        if found is None:
            raise ValueError("no plain URL of http or https")
        scheme = found["scheme"].lower()
        port = int(found["port"] or (443 if scheme == "https" else 80))
        return cls(scheme, found["host"].lower(), port)

    @property
    def is_loopback(self) -> bool:
        """Whether it is this machine, by a name that nobody else can have."""
        try:
            return ipaddress.ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return self.host == "localhost"

    def may_send_to(self, other: Origin) -> bool:
        """Tell whether this registry may name *other*: nobody on the way there can read along."""
        return other.scheme == "https" or (self.is_loopback and other.is_loopback)


@dataclass(frozen=True)
class Reference:
    """The name of an image.

    Attributes
    ----------
    host
        Its registry, with the port where it has one.
    path
        The repository there.
    tag
        ``latest`` where none is named.
    digest
        "" where none is named.
    """

    host: str
    path: str
    tag: str
    digest: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a name such as ``ghcr.io/owner/project:tag``.

        Raises
        ------
        UsageError
            When it is none.
        """
        first, slash, _ = text.partition("/")
        has_host = bool(slash and re.search(r"[.:]|^localhost$", first))
        found = _REFERENCE.fullmatch(text if has_host else f"docker.io/{text}")
        if found is None:
            shown = "this" if urls.mentions_credentials(text) else repr(text)
            raise UsageError(f"{shown} is no image", "Name one as in ghcr.io/owner/project:tag.")
        path = found["path"] if slash else f"library/{found['path']}"
        host = found["host"].lower()
        named = (found["tag"] or "latest", found["digest"] or "")
        return cls(_DOCKER_HUB.get(host, host), path, *named)

    @property
    def origin(self) -> Origin:
        """Who is asked: over TLS, but for registries on this machine."""
        loopback = Origin.of(f"http://{self.host}")
        return loopback if loopback.is_loopback else Origin.of(f"https://{self.host}")

    def url(self, rest: str) -> str:
        """Return where a part of the repository is, such as ``blobs/DIGEST``."""
        return f"{self.origin.scheme}://{self.host}/v2/{self.path}/{rest}"
