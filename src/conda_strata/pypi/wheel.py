"""A package from a Python index, as the lock has it."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import unquote, urlsplit


class Wheel(NamedTuple):
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
    built
        The file that was built of it on this machine, where it is a source distribution.
    """

    name: str
    version: str
    url: str
    sha256: str
    requires: tuple[str, ...] = ()
    built: str = ""

    @property
    def is_source(self) -> bool:
        """Whether it is a source distribution, which becomes a wheel where it is installed."""
        return not self.built and self.file_name.endswith((".tar.gz", ".zip"))

    @property
    def file_name(self) -> str:
        """The last part of its location, which holds its compatibility tags."""
        try:
            return self.built or unquote(urlsplit(self.url).path.rpartition("/")[2])
        except ValueError:  # the location of an untrustworthy lock is anything
            return self.url.rpartition("/")[2]
