"""Read TOML up to a size and a depth that no real file reaches.

``tomllib`` is recursive, and takes the square of a name's parts as time.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from conda_strata.core.errors import ManifestError
from conda_strata.spec import limited_text

_MOST_PARTS = 100
_PART = r"""(?:(?<![\w-])[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*"""
_LONG_NAME = re.compile(rf"(?:{_PART}){{{_MOST_PARTS}}}")


def load(file: Path) -> dict[str, Any]:
    """Return the content of a TOML file.

    Raises
    ------
    ManifestError
        When it cannot be read; the message names the line, where there is one.
    """
    return parse(file, limited_text.read(file))


def parse(file: Path, text: str) -> dict[str, Any]:
    """Return what *text*, the content of *file*, holds.

    Raises
    ------
    ManifestError
        When it is no TOML; the message names the line, where there is one.
    """
    if found := _LONG_NAME.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise ManifestError(f"{file}:{line}: not TOML: a name of more than {_MOST_PARTS} parts")
    try:
        return tomllib.loads(text.replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"line (\d+)", str(error))
        line = int(place[1]) if place else text.count("\n") + 1
        said = str(error).partition(" (at ")[0]
        raise ManifestError(f"{file}:{line}: not TOML: {said}", "Correct the file.") from error
    except RecursionError as error:
        raise ManifestError(
            f"{file}: not TOML: it is nested too deep", "Correct the file."
        ) from error
    except ValueError as error:  # a number of too many digits
        raise ManifestError(f"{file}: not TOML: {error}", "Correct the file.") from error
