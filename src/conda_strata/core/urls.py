"""Which URLs packages may come from, and how URLs are shown."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from conda_strata.core.errors import ManifestError

ALLOW_HTTP = "STRATA_ALLOW_HTTP"
"""Environment variable that, set to anything, lets plain HTTP channels pass."""

_TOKEN = re.compile(r"/t/[^/]+(?=/|$)")


def has_credentials(url: str) -> bool:
    """Whether *url* carries a user, a password or a token (``/t/TOKEN/``)."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "@" in url
    return "@" in parts.netloc or bool(_TOKEN.search(parts.path))


def without_credentials(url: str) -> str:
    """Return *url* less its user, password and token."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return _TOKEN.sub("", re.sub(r"//[^/]*@", "//", url))
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=host, path=_TOKEN.sub("", parts.path)).geturl()


def require_safe(urls: Iterable[str], where: str) -> None:
    """Refuse plain HTTP, which lets anyone on the way change what is locked; loopback may.

    Raises
    ------
    ManifestError
        When a URL is plain HTTP and ``STRATA_ALLOW_HTTP`` is not set.
    """
    for url in urls:
        if not is_encrypted(url):
            raise ManifestError(
                f"{where}: {without_credentials(url)} is not encrypted",
                f"Use https, or set {ALLOW_HTTP}=1 if you trust the whole way to it.",
            )


def is_encrypted(url: str) -> bool:
    """Whether nobody on the way to *url* can change what comes: loopback and what is allowed too."""
    parts = urlsplit(url)
    plain = parts.scheme == "http" and not _is_loopback(parts.hostname or "")
    return not plain or bool(os.environ.get(ALLOW_HTTP))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
