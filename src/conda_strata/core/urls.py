"""Which URLs packages may come from, and how URLs are shown."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Iterable
from functools import cache
from urllib.parse import parse_qsl, urlsplit

from conda_strata.core.errors import ManifestError

ALLOW_HTTP = "STRATA_ALLOW_HTTP"
"""Environment variable that, set to anything, lets plain HTTP channels pass."""

_TOKEN = re.compile(r"/t/[^/]+(?=/|$)")
# Most URLs have neither a query nor an "@", and need these two not compiled.
_SENSITIVE = (
    r"(?i)token|secret|passw|pwd|api[_-]?key|signature|credential"
    r"|(?:^|[_-])(?:auth|key|sig|jwt)$"
)
_LOGIN = (
    r"[\w+.%-]+:[/\\]*[^\s/\\]*@\S"  # https://user@host, http:\\user:pw@host, user:pw@host
    r"|(?:^|[\s'\"=])[/\\]{2}[^\s/\\]*@\S"  # //user:pw@host
    r"|[/\\]{2}[^\s/\\:@]+:(?!\d+/)\S*@\S"  # a password with a slash
)
_QUERY = re.compile(r"[?&;]([^=&;\s]+)=[^&;\s]")


def has_credentials(url: str) -> bool:
    """Whether *url* carries a user, a password or a token (``/t/TOKEN/``, ``?token=TOKEN``)."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return mentions_credentials(url)
    return (
        "@" in parts.netloc
        or bool(_TOKEN.search(parts.path))
        or any(re.search(_SENSITIVE, name) for name, _ in parse_qsl(parts.query))
    )


def mentions_credentials(text: str) -> bool:
    """Whether *text*, of any form, holds what looks like a user, a password or a token."""
    return bool(
        ("@" in text and re.search(_LOGIN, text))
        or _TOKEN.search(text)
        or any(re.search(_SENSITIVE, found[1]) for found in _QUERY.finditer(text))
    )


@cache
def without_credentials(url: str) -> str:
    """Return *url* less its user, password and token."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return _TOKEN.sub("", re.sub(r"//[^/]*@", "//", url))
    host = parts.netloc.rpartition("@")[2]
    query = parts.query
    if any(re.search(_SENSITIVE, name) for name, _ in parse_qsl(query)):
        query = ""
    return parts._replace(netloc=host, path=_TOKEN.sub("", parts.path), query=query).geturl()


def require_safe(urls: Iterable[str], where: str) -> None:
    """Refuse plain HTTP, which lets anyone on the way change what is locked; loopback may.

    Raises
    ------
    ManifestError
        When a URL is plain HTTP and ``STRATA_ALLOW_HTTP`` is not set, or none at all.
    """
    for url in urls:
        try:
            encrypted = is_encrypted(url)
        except ValueError:
            raise ManifestError(f"{where}: this is no URL", "Write https://HOST/PATH.") from None
        if not encrypted:
            raise ManifestError(
                f"{where}: {without_credentials(url)} is not encrypted",
                f"Use https, or set {ALLOW_HTTP}=1 if you trust the whole way to it.",
            )


def is_encrypted(url: str) -> bool:
    """Whether nobody on the way to *url* can change what comes: loopback and what is allowed too.

    Raises
    ------
    ValueError
        When it is no URL.
    """
    parts = urlsplit(url)
    plain = parts.scheme == "http" and not _is_loopback(parts.hostname or "")
    return not plain or bool(os.environ.get(ALLOW_HTTP))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
