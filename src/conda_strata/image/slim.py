"""What ``--slim`` leaves out of an image: files of packages that programs do not open.

Off unless asked for, as each class has somebody who needs it; docs/how-to/keep-the-image-small.md
says who, and the size of each.
"""

from __future__ import annotations

import re
from types import MappingProxyType

CLASSES = MappingProxyType(
    {
        "static libraries": re.compile(r"lib/.*\.a"),
        "headers": re.compile(r"include/.*"),
        "manuals": re.compile(r"(?:share/)?(?:doc|gtk-doc|info|man)/.*"),
        "source maps": re.compile(r".*\.(?:js|mjs|css)\.map"),
        "test modules": re.compile(
            r"lib/python[^/]*/site-packages/.*/tests/(?:.*/)?test_[^/]*\.py"
        ),
    }
)
"""Name of each class to what its paths look like, relative to the environment's prefix."""


def left_out(path: str) -> str | None:
    """Return the class of the file at *path*; None for a file that stays."""
    return next((name for name, pattern in CLASSES.items() if pattern.fullmatch(path)), None)
