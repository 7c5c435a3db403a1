"""Write Zstandard frames without compressing, which takes no library (RFC 8878)."""

from __future__ import annotations

BLOCK = 128 * 1024  # the largest block the format allows, in bytes


def store(data: bytes) -> bytes:
    """Return a valid zstd frame whose blocks are raw."""
    # Descriptor 0xA0: the content's size follows in four bytes, and the frame is one segment.
    frame = [b"\x28\xb5\x2f\xfd", b"\xa0", len(data).to_bytes(4, "little")]
    chunks = [data[start : start + BLOCK] for start in range(0, len(data), BLOCK)] or [b""]
    for number, chunk in enumerate(chunks):
        last = number == len(chunks) - 1
        # Block header, three bytes: size, type 0 (raw), and whether it is the last.
        frame += [(len(chunk) << 3 | last).to_bytes(3, "little"), chunk]
    return b"".join(frame)
