"""Logins as Docker keeps them after ``docker login``, and Podman after ``podman login``.

See https://docs.docker.com/reference/cli/docker/login/#credential-stores.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conda_strata.core.errors import UsageError
from conda_strata.core.log import logger
from conda_strata.rattler import channels
from conda_strata.registry.reference import DOCKER_HUB, Reference

_log = logger(__name__)

_HUB = "https://index.docker.io/v1/"
"""What Docker calls Docker Hub where it keeps logins."""

_NAME = re.compile(r"[\w.-]+", re.ASCII)
_TOKEN_USER = "<token>"  # noqa: S105 - what a helper calls the user of an identity token


@dataclass(frozen=True)
class Login:
    """Who asks.

    Attributes
    ----------
    user, password
        For Basic, and for those who give tokens.
    identity
        What stands for them, to those who give tokens; "" where there is none.
    """

    user: str
    password: str = field(repr=False)
    identity: str = field(default="", repr=False)

    @property
    def basic(self) -> str:
        """The header that says so."""
        return f"Basic {base64.b64encode(f'{self.user}:{self.password}'.encode()).decode()}"


def find(reference: Reference) -> Login | None:
    """Return the login for an image's registry; None where there is none.

    Docker's configuration is asked first: the one that ``DOCKER_CONFIG`` names or else the one in
    the home folder, as Docker does it, never both.

    Raises
    ------
    UsageError
        When a configuration cannot be read.
    """
    found = (_kept(_read(file), file, reference) for file in _files())
    return next((login for login in found if login), None)


def _files() -> Iterator[Path]:
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - pathlib fails for users without a home
    yield Path(os.environ.get("DOCKER_CONFIG") or home / ".docker", "config.json")
    if named := os.environ.get("REGISTRY_AUTH_FILE"):
        yield Path(named)
        return
    if runtime := os.environ.get("XDG_RUNTIME_DIR"):
        yield Path(runtime, "containers/auth.json")
    yield Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config", "containers/auth.json")


def _read(file: Path) -> Mapping[str, Any]:
    try:
        said = json.loads(file.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        fix = "Make it readable: it keeps the registries' logins."
        raise UsageError(f"{file}: {error.strerror}", fix) from error
    except (ValueError, RecursionError) as error:
        raise _spoiled(file) from error
    if not isinstance(said, dict):
        raise _spoiled(file)
    return said


def _spoiled(file: Path) -> UsageError:
    return UsageError(
        f"{file} is no configuration of Docker's", "Correct or move it, then 'docker login' again."
    )


def _kept(said: Mapping[str, Any], file: Path, reference: Reference) -> Login | None:
    """Return what one configuration has: by its helper for the registry, or in it."""
    helpers, auths = said.get("credHelpers") or {}, said.get("auths") or {}
    store = said.get("credsStore") or ""
    if not isinstance(helpers, dict) or not isinstance(auths, dict):
        raise _spoiled(file)
    names = _names(reference)
    helper = next((helpers[name] for name in names if name in helpers), store)
    if helper:
        asked = _HUB if reference.host == DOCKER_HUB else reference.host
        if login := _helped(str(helper), asked):
            return login
    plain = {_plain(name): entry for name, entry in reversed(auths.items())}
    exact = (auths[name] for name in names if name in auths)
    entry = next(exact, None) or next((plain[name] for name in names if name in plain), None)
    try:
        return _of_entry(entry or {})
    except (AttributeError, TypeError, ValueError) as error:
        raise _spoiled(file) from error


def _names(reference: Reference) -> list[str]:
    """Return what a login may be kept under: for the repository, else for its registry."""
    if reference.host == DOCKER_HUB:
        hosts = ["docker.io", _HUB, "index.docker.io", DOCKER_HUB]
    else:
        hosts = [reference.host]
    parts = reference.path.split("/")
    # Podman keeps logins for parts of a registry too.
    paths = ["/".join(parts[:length]) for length in range(len(parts), 0, -1)]
    return [*(f"{hosts[0]}/{path}" for path in paths), *hosts]


def _plain(name: str) -> str:
    """Return a registry's host, where its login is kept under a URL."""
    scheme, found, rest = name.partition("://")
    return rest.partition("/")[0] if found and scheme in {"http", "https"} else name


def _of_entry(entry: Mapping[str, Any]) -> Login | None:
    user, password = entry.get("username") or "", entry.get("password") or ""
    if auth := entry.get("auth"):
        user, _, password = base64.b64decode(auth).decode().partition(":")
        password = password.strip("\0")
    identity = entry.get("identitytoken") or ""
    if not all(isinstance(text, str) for text in (user, password, identity)):
        raise TypeError("a login is text")
    return Login(user, password, identity) if identity or (user and password) else None


def _helped(helper: str, registry: str) -> Login | None:
    """Ask the program that keeps logins, which may have none."""
    program = f"docker-credential-{helper}"
    if not _NAME.fullmatch(helper):
        _log.warning("%r cannot be the name of a program that keeps logins", helper)
        return None
    limit = channels.timeout()
    try:
        done = subprocess.run(
            [program, "get"],
            input=registry.encode(),
            capture_output=True,
            check=False,
            timeout=limit,
        )
    except OSError as error:
        _log.warning("%s does not run (%s); going on without it", program, error.strerror)
        return None
    except subprocess.TimeoutExpired:
        _log.warning("%s: no answer in %d s; going on without it", program, limit)
        return None
    if done.returncode:
        _log.debug("%s has no login for %s", program, registry)
        return None
    try:
        said = json.loads(done.stdout)
        user, secret = str(said["Username"]), str(said["Secret"])
    except (ValueError, LookupError, TypeError, RecursionError):
        _log.warning("%s: the answer is no login; going on without it", program)
        return None
    if user == _TOKEN_USER:
        return Login("", "", secret)
    return Login(user, secret) if user and secret else None
