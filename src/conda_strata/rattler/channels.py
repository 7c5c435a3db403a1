"""How channels are reached: mirrors, credentials, proxies, time limits, and where downloads are kept.

All of it comes from the user's rattler configuration (``~/.config/rattler/config.toml``,
``/etc/rattler/config.toml`` and the like), never from the project, and nothing of it is written
into a lock.
"""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs
from rattler import Client, Config, Gateway
from rattler.exceptions import ConfigError

from conda_strata.core.errors import UsageError

TIMEOUT = "STRATA_TIMEOUT"
"""Environment variable: seconds that one request for repodata may take in all, and that package
downloads may stand still. rattler knows no limit on silence, only one on a whole request, which
would cut off large packages; so repodata has the one and packages have the other."""

_PATIENCE = 120


def cache_dir() -> Path:
    """Return the folder of downloaded and extracted packages.

    rattler's own (``RATTLER_CACHE_DIR`` if set), so that pixi and strata share their downloads.
    """
    if named := os.environ.get("RATTLER_CACHE_DIR"):
        return Path(named)
    return platformdirs.user_cache_path("rattler", appauthor=False) / "cache"


def timeout() -> int:
    """Return the seconds to wait for a server that says nothing.

    Raises
    ------
    UsageError
        When ``STRATA_TIMEOUT`` is no number of seconds.
    """
    text = os.environ.get(TIMEOUT, "") or str(_PATIENCE)
    if not text.isdecimal() or not int(text):
        raise UsageError(f"{TIMEOUT} is a whole number of seconds, not {text!r}")
    return int(text)


def client(limit: int | None = None) -> Client:
    """Return the HTTP client the user's configuration describes.

    It does not try again by itself, as nobody would see that: ``rattler.errors.retrying`` does.

    Parameters
    ----------
    limit
        Seconds that a request may take in all.

    Raises
    ------
    UsageError
        When the configuration cannot be read.
    """
    return Client.from_config(config(), max_retries=0, timeout=limit)


def config() -> Config:
    """Return the user's rattler configuration.

    Raises
    ------
    UsageError
        When it cannot be read.
    """
    try:
        return Config.load_from_default_locations("strata")
    except ConfigError as error:
        raise UsageError(
            f"rattler's configuration cannot be read: {error}", "Fix the file it names."
        ) from error


def gateway() -> Gateway:
    """Return the reader of repodata, cached beside the packages."""
    return Gateway.from_config(
        config(), cache_dir=cache_dir() / "repodata", client=client(timeout())
    )
