"""Read files that people write, up to a size that none of them reaches."""

from __future__ import annotations

import codecs
from pathlib import Path

from conda_strata.core.errors import ManifestError

MOST_BYTES = 1_000_000


def decode(content: bytes) -> str:
    """Return the text of *content*: UTF-8, or UTF-16 as PowerShell writes it.

    A byte-order mark says which, and is no part of the text.

    Raises
    ------
    UnicodeDecodeError
        When it is neither.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16")
    return content.decode("utf-8-sig")


def read(file: Path) -> str:
    """Return the text of a file.

    Raises
    ------
    ManifestError
        When it cannot be read, or is too large.
    """
    try:
        if file.exists() and not file.is_file():
            raise ManifestError(
                f"{file} is no regular file", "Put a file of text there, or name another."
            )
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise ManifestError(
                f"{file} is larger than {MOST_BYTES // 1_000_000} MB",
                "Such a file has a few kilobytes: check that this is the right one.",
            )
        return decode(content)
    except FileNotFoundError:
        raise ManifestError(f"{file} does not exist", "Correct its name.") from None
    except UnicodeDecodeError as error:
        raise ManifestError(
            f"{file} cannot be read: {error}", "Save it as UTF-8, in the editor that wrote it."
        ) from error
    except OSError as error:
        raise ManifestError(f"{file} cannot be read: {error}") from error
