"""The content key: the name of an image by what is in it."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from conda_strata.core.errors import UsageError
from conda_strata.lock.model import Lock, identity

LENGTH = 16
"""Hexadecimal digits of the short key: enough to name images, short enough to read."""


@dataclass(frozen=True)
class Key:
    """A content key and what went into it.

    Attributes
    ----------
    digest
        SHA-256 over *inputs*.
    inputs
        Name of each input to what it is, or to its own SHA-256, sorted.
    """

    digest: str
    inputs: dict[str, str]

    @property
    def short(self) -> str:
        """The first digits of the digest: usable as an image tag."""
        return self.digest[:LENGTH]


def image_files(folder: Path) -> list[Path]:
    """Return the files in ``.devcontainer`` that make the image: not what an editor does with it."""
    found = (file for file in folder.iterdir() if file.is_file()) if folder.is_dir() else ()
    return sorted(f for f in found if f.suffix not in {".md", ".json"})


def content_key(inputs: Mapping[str, str]) -> Key:
    """Return the key over all *inputs*: name to what it is, or to a digest of that."""
    ordered = dict(sorted(inputs.items()))
    total = "".join(f"{name}\0{value}\0" for name, value in ordered.items())
    return Key(_sha256(total.encode()), ordered)


def lock_inputs(
    lock: Lock, environments: Collection[str], subdirs: Collection[str] = ()
) -> dict[str, str]:
    """Return what a lock has for images of *environments*.

    Parameters
    ----------
    lock
        Its Linux platforms count: an image holds no other.
    environments
        Those that are in images.
    subdirs
        Which of the platforms; all where none is named.

    Raises
    ------
    UsageError
        When the lock has no Linux platform.
    """
    found: dict[str, str] = {}
    for environment, solution in lock.environments.items():
        for subdir, records in solution.items():
            wanted = subdir in subdirs if subdirs else subdir.startswith("linux-")
            if environment in environments and wanted:
                lines = [f"{identity(r)} {(r.sha256 or b'').hex()}\n" for r in records]
                lines += [f"{w.url} {w.sha256}\n" for w in lock.wheels_of(environment, subdir)]
                found[f"{environment}/{subdir}"] = _sha256("".join(lines).encode())
    if not found:
        raise UsageError(f"{lock.path} has no Linux platform, so there is no image to name")
    return found


def variable_inputs(
    variables: Mapping[str, Mapping[str, str]], environments: Collection[str]
) -> dict[str, str]:
    """Return what the environments' variables are."""
    found = {}
    for environment, named in variables.items():
        if environment in environments:
            lines = [f"{name}={value}\0" for name, value in sorted(named.items())]
            found[f"{environment}/variables"] = _sha256("".join(lines).encode())
    return found


def file_inputs(files: Sequence[Path]) -> dict[str, str]:
    """Return name to SHA-256 of files.

    Raises
    ------
    UsageError
        When one cannot be read.
    """
    found = {}
    for file in files:
        try:
            found[file.as_posix()] = _sha256(file.read_bytes())
        except OSError as error:
            raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    return found


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
