"""Virtual packages: what the machines of a platform can be assumed to have.

``virtual-packages.yml`` beside the environment file says where they differ from the defaults, in
conda-lock's format::

    subdirs:
      linux-64:
        packages:
          __cuda: "12.4"
          __glibc: "2.34"

Unlike in conda-lock, what the file does not name keeps its default; an empty value takes a virtual
package away.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from conda_strata.core.errors import ManifestError, UsageError
from conda_strata.core.log import logger
from conda_strata.spec import limited_yaml, platforms

_log = logger(__name__)

FILE_NAME = "virtual-packages.yml"

_NAME = r"__[a-z0-9_.-]{1,60}"
_VERSION = r"[A-Za-z0-9._+!]{1,60}"
_BUILD = r"[A-Za-z0-9._+-]{1,60}"

_OF_CONDA = {"linux-32", "linux-armv6l", "linux-armv7l", "linux-ppc64le", "linux-riscv64"}
_OF_CONDA |= {"linux-s390x", "win-32", "win-arm64", "zos-z", "emscripten-wasm32", "wasi-wasm32"}
"""Platforms that conda-lock's file can name, and that are not locked for here."""

VirtualPackages = dict[str, tuple[str, str]]
"""Name to version and build string."""


def load(folder: Path) -> dict[str, VirtualPackages]:
    """Return subdir to the virtual packages it is solved with.

    Raises
    ------
    ManifestError
        When the file of *folder* cannot be understood; the message names it.
    """
    resolved = {subdir: dict(named) for subdir, named in platforms.VIRTUAL_PACKAGES.items()}
    file = folder / FILE_NAME
    if not file.exists():
        return resolved
    content: Any = limited_yaml.load(file)
    try:
        for name, described in content["subdirs"].items():
            if name in _OF_CONDA:
                _log.warning("%s: strata does not lock for %s: left out", file, name)
                continue
            found = resolved[platforms.subdir(name)]
            for package, value in described["packages"].items():
                found.pop(package, None)
                if value not in (None, ""):
                    found[_name(package)] = _version(value)
    except UsageError as error:
        raise ManifestError(f"{file}: {error.what}", error.fix) from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ManifestError(
            f"{file} is not in conda-lock's format: {error}",
            'Write it like: subdirs: {linux-64: {packages: {__cuda: "12.4"}}}',
        ) from error
    return resolved


def as_text(named: VirtualPackages) -> tuple[str, ...]:
    """Return virtual packages as the lock lists them: ``__glibc=2.28=0``, sorted."""
    return tuple(f"{name}={version}={build}" for name, (version, build) in sorted(named.items()))


def from_text(lines: Iterable[str]) -> VirtualPackages:
    """Return the virtual packages that a lock lists; the inverse of :func:`as_text`."""
    found = {}
    for line in lines:
        name, version, build = [*line.split("="), "0", "0"][:3]
        found[name] = (version, build)
    return found


def _name(package: object) -> str:
    if not isinstance(package, str) or not re.fullmatch(_NAME, package):
        raise ValueError(f"{package!r} is no virtual package (their names start with '__')")
    return package


def _version(value: object) -> tuple[str, str]:
    if not isinstance(value, str):
        raise TypeError(f"the version {value!r} needs quotes")
    version, _, build = value.partition(" ")
    if not re.fullmatch(_VERSION, version) or not re.fullmatch(_BUILD, build or "0"):
        raise ValueError(f"{value!r} is no version")
    return version, build or "0"
