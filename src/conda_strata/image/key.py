"""The content key: the name of an image by what is in it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
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
        Name of each input to its own SHA-256, sorted.
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


def content_key(
    lock: Lock,
    files: Sequence[Path],
    variables: Mapping[str, Mapping[str, str]],
    bases: Mapping[str, str] | None = None,
) -> Key:
    """Return the key of the image made of all this.

    Parameters
    ----------
    lock
        Its Linux platforms count: an image holds no other.
    files
        The Dockerfile and what goes with it.
    variables
        Those that each environment sets.
    bases
        Name to digest of the images below.

    Raises
    ------
    UsageError
        When a file cannot be read, or the lock has no Linux platform.
    """
    inputs: dict[str, str] = {}
    for environment, solution in lock.environments.items():
        for subdir, records in solution.items():
            if subdir.startswith("linux-"):
                lines = [f"{identity(r)} {(r.sha256 or b'').hex()}\n" for r in records]
                lines += [f"{w.url} {w.sha256}\n" for w in lock.wheels_of(environment, subdir)]
                inputs[f"{environment}/{subdir}"] = _sha256("".join(lines).encode())
    if not inputs:
        raise UsageError(f"{lock.path} has no Linux platform, so there is no image to name")
    for environment, named in variables.items():
        lines = [f"{name}={value}\0" for name, value in sorted(named.items())]
        inputs[f"{environment}/variables"] = _sha256("".join(lines).encode())
    for name, digest in (bases or {}).items():
        inputs[name] = digest.removeprefix("sha256:")
    for file in files:
        try:
            inputs[file.as_posix()] = _sha256(file.read_bytes())
        except OSError as error:
            raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    inputs = dict(sorted(inputs.items()))
    total = "".join(f"{name} {digest}\n" for name, digest in inputs.items())
    return Key(_sha256(total.encode()), inputs)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
