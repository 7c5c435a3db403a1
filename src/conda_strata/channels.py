"""How channels are reached: mirrors, credentials, proxies, retries, and where downloads are kept.

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

from conda_strata.errors import UsageError

RETRIES = 3


def cache_dir() -> Path:
    """Return the folder of downloaded and extracted packages.

    rattler's own (``RATTLER_CACHE_DIR`` if set), so that pixi and strata share their downloads.
    """
    if named := os.environ.get("RATTLER_CACHE_DIR"):
        return Path(named)
    return platformdirs.user_cache_path("rattler", appauthor=False) / "cache"


def client() -> Client:
    """Return the HTTP client the user's configuration describes.

    Raises
    ------
    UsageError
        When the configuration cannot be read.
    """
    return Client.from_config(config(), max_retries=RETRIES)


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
            f"rattler's configuration cannot be read: {error}", "Mend the file it names."
        ) from error


def gateway() -> Gateway:
    """Return the reader of repodata, cached beside the packages."""
    return Gateway.from_config(config(), cache_dir=cache_dir() / "repodata", client=client())
