"""A package from a Python index, as the lock has it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit


@dataclass(frozen=True)
class Wheel:
    """A package from a Python index: what the ``pip:`` list brings.

    Attributes
    ----------
    name
        Normalized as in the simple repository API.
    version
        As in the wheel's name (PEP 440).
    url
        Where it is downloaded from.
    sha256
        Its hash, in hexadecimal digits.
    requires
        Names of the wheels of the same environment that it depends on.
    """

    name: str
    version: str
    url: str
    sha256: str
    requires: tuple[str, ...] = ()

    @property
    def file_name(self) -> str:
        """The last part of its location, which holds its compatibility tags."""
        return unquote(urlsplit(self.url).path.rpartition("/")[2])
