"""The image of the project's dev container, and whether it can be pulled."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import requests

from conda_strata.core.errors import ManifestError, NetworkError, UsageError
from conda_strata.doctor.finding import Finding, ok, problem, warning
from conda_strata.image import settings_file
from conda_strata.registry.repository import Repository

FILE = Path(".devcontainer/devcontainer.json")
"""What names the image."""

SECONDS = 15
"""How long a registry may take to answer."""

_STRING_OR_COMMENT = re.compile(r'("(?:\\.|[^"\\])*(?:"|\Z))|//[^\n]*|/\*.*?(?:\*/|\Z)', re.DOTALL)
"""What has no end ends with the text: else it would be looked for again from each later place."""

_MOST = 1_000_000
"""Bytes of the file at most."""

_IMAGE = re.compile(r'"image"\s*:\s*"([^"\\]+)"')
_REFUSED = {401, 403, 404}


def named(folder: Path) -> str | None:
    """Return the image of the dev container, such as ``ghcr.io/owner/project:dev``.

    None where it is built from a Dockerfile, or depends on variables that only an editor knows.
    """
    try:
        file = folder / FILE
        if not file.is_file():
            return None
        with file.open("rb") as opened:
            text = opened.read(_MOST).decode("utf-8", errors="replace")
    except OSError:
        return None
    found = _IMAGE.search(_STRING_OR_COMMENT.sub(r"\1", text))
    return found[1] if found and "$" not in found[1] else None


def host(image: str) -> str:
    """Return the registry's host, as Docker reads an image's name."""
    first, slash, _ = image.partition("/")
    return first.lower() if slash and re.search(r"[.:]|^localhost$", first) else "docker.io"


def image(folder: Path, *, offline: bool) -> Iterator[Finding]:
    """Say whether the dev container's image has a name that registries take, and can be pulled."""
    name = named(folder)
    yield from _settings(folder, name)
    if name is None:
        return
    try:
        # What the registry is asked for, with the names of Docker Hub completed.
        repository = Repository(name, login=False, timeout=SECONDS)
    except UsageError as error:
        yield problem("image", f"{FILE}: {error.what}", error.fix)
        return
    if repository.reference.path != repository.reference.path.lower():
        yield problem(
            "image",
            f"{FILE}: {name} has upper-case letters, and registries take lower case only",
            f"Write it in lower case there and wherever else 'git grep {_path(name)}' finds it.",
        )
    elif not offline:
        yield _pulled(name, repository)


def _settings(folder: Path, name: str | None) -> Iterator[Finding]:
    """Say whether the settings of images can be read, and name the image that an editor opens."""
    try:
        said = settings_file.read(folder)
    except ManifestError as error:
        yield problem("image settings", error.what, error.fix)
        return
    if name and said.name and _path(name) != said.name:
        yield problem(
            "image settings",
            f"{FILE} names {_path(name)}, and {said.file.name} names {said.name}",
            "Write the same in both: editors open the one, CI pushes the other.",
        )


def _pulled(name: str, repository: Repository) -> Finding:
    """Ask as somebody without a login."""
    try:
        code = repository.ask()
    except NetworkError as error:
        return _unreachable(name, error.what.removeprefix(f"{repository.name}: "))
    except requests.Timeout:
        return _unreachable(name, f"no answer in {SECONDS} s")
    except (requests.RequestException, OSError, ValueError) as error:
        return _unreachable(name, _cause(error))
    if code in _REFUSED:
        return _refused(name, insecure=repository.reference.origin.is_loopback)
    if code >= 300:
        return _unreachable(name, f"HTTP {code}")
    return ok("image", f"{name} can be pulled by anybody")


def _refused(name: str, *, insecure: bool) -> Finding:
    # Docker itself is asked, as it knows every kind of login that it has kept.
    option = ["--insecure"] if insecure else []
    try:
        done = subprocess.run(
            ["docker", "manifest", "inspect", *option, name],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        pass
    else:
        if done.returncode == 0:
            return ok("image", f"{name} is private, this machine may pull it")
    return warning(
        "image",
        f"{name} cannot be pulled: it is not there yet, or it is private",
        f"Push it first. If it is private, run 'docker login {host(name)}'.",
    )


def _unreachable(name: str, reason: str) -> Finding:
    return warning(
        "image",
        f"{host(name)} cannot be asked for {name}: {reason}",
        f"Check the network, the proxy and the image's name in {FILE}.",
    )


def _path(name: str) -> str:
    """Return an image's name without its tag, as it is written."""
    return re.sub(r"(:[^:/]+)?(@.*)?$", "", name)


def _cause(error: Exception) -> str:
    """Return the innermost reason of a failed request."""
    text = str(error)
    if system := re.findall(r"\[Errno -?\d+\] ([\w ,]+)", text):
        return str(system[-1])
    return text.rpartition(": ")[2].strip("'\")") or type(error).__name__
