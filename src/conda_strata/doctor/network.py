"""How packages get here: rattler's configuration, proxies and channels."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterator

from rattler import Channel, Client, Config, Gateway
from rattler.exceptions import FetchRepoDataError, GatewayError, InvalidUrlError, IoError

from conda_strata.core import urls
from conda_strata.core.errors import StrataError
from conda_strata.doctor.finding import Finding, of_error, ok, problem, warning
from conda_strata.rattler import channels as rattler_channels
from conda_strata.spec.manifest import Manifest

SECONDS = 15
"""How long a channel may take to answer."""

_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


def configuration() -> tuple[Config | None, Finding]:
    """Look at rattler's configuration, and return it if it can be read."""
    try:
        config = rattler_channels.config()
    except StrataError as error:
        return None, of_error("configuration", error)
    files = ", ".join(map(str, config.loaded_from)) or "none, so rattler's defaults"
    mirrors = "".join(
        f"; {urls.without_credentials(of)} comes from "
        + ", ".join(urls.without_credentials(mirror) for mirror in found)
        for of, found in config.mirrors.items()
    )
    return config, ok("configuration", f"{files}{mirrors}")


def proxies(config: Config | None) -> Iterator[Finding]:
    """Name the proxies that requests go through."""
    named = {
        name: os.environ[name]
        for lower in _PROXIES
        for name in (lower, lower.upper())
        if os.environ.get(name)
    }
    if config:
        configured = {
            "proxy-config.https": config.proxy_https,
            "proxy-config.http": config.proxy_http,
        }
        named |= {name: url for name, url in configured.items() if url}
    if named:
        shown = (f"{name}={urls.without_credentials(url)}" for name, url in named.items())
        yield ok("proxy", ", ".join(shown))


def channels(manifest: Manifest) -> Iterator[Finding]:
    """Ask each channel for its packages, the way a solve would."""
    for name in manifest.channels:
        yield _channel(name)


def _channel(name: str) -> Finding:
    shown = urls.without_credentials(name)
    try:
        count = asyncio.run(_names(Channel(name)))
    except TimeoutError:
        reason = f"no answer in {SECONDS} s"
    except (FetchRepoDataError, GatewayError, InvalidUrlError, IoError) as error:
        reason = _shortened(str(error))
    else:
        if count == 0:
            return warning("channel", f"{shown} has no noarch packages", "Check its name.")
        return ok("channel", f"{shown} answers")
    return problem(
        "channel",
        f"{shown} cannot be read: {reason}",
        "Check its spelling, the network, the proxy and the mirrors in rattler's configuration.",
    )


def _shortened(reason: str) -> str:
    """Return the outer and the innermost cause, with no credentials in the URLs."""
    causes = [cause.strip() for cause in re.split(r"Caused by:|\n", reason) if cause.strip()]
    causes = [cause for cause in causes if cause != "other error"]  # it tells nothing
    text = ": ".join(dict.fromkeys((causes[0], causes[-1]))) if causes else "no reason given"
    return re.sub(r"https?://[^\s)]+", lambda url: urls.without_credentials(url[0]), text)


async def _names(channel: Channel) -> int:
    config = rattler_channels.config()
    gateway = Gateway.from_config(
        config,
        cache_dir=rattler_channels.cache_dir() / "repodata",
        client=Client.from_config(config, max_retries=0, timeout=SECONDS),
    )
    return len(await asyncio.wait_for(gateway.names([channel], ["noarch"]), SECONDS))
