"""What a layer's archive is compressed with, for tests that look into one."""

from __future__ import annotations

import gzip
import sys

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


def with_zstd(data: bytes) -> bytes:
    return bytes(zstd.compress(data))


def unpacked(data: bytes) -> bytes:
    return gzip.decompress(data) if data.startswith(b"\x1f\x8b") else bytes(zstd.decompress(data))
