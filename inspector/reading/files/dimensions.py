"""Width and height of a picture, of its header alone."""

from __future__ import annotations

import struct

_MAX_SEGMENTS = 200


def find_dimensions(data: bytes, picture: str) -> tuple[int, int] | None:
    """Width and height in pixels as the header claims them; None where it does not say.

    ``picture`` is Pillow's name of the format. Raises ``struct.error`` or ``IndexError`` for
    a header that breaks off.
    """
    found: tuple[int, int] | None = None
    if picture == "PNG":
        found = struct.unpack_from(">II", data, 16)
    elif picture == "GIF":
        found = struct.unpack_from("<HH", data, 6)
    elif picture == "BMP":
        width, height = struct.unpack_from("<ii", data, 18)
        found = abs(width), abs(height)
    elif picture == "JPEG":
        found = _find_in_jpeg(data)
    elif picture == "WEBP":
        found = _find_in_webp(data)
    return found


def _find_in_jpeg(data: bytes) -> tuple[int, int] | None:
    """From the first start of frame (ITU-T T.81, B.2.2)."""
    position = 2
    for _ in range(_MAX_SEGMENTS):
        mark, kind, size = struct.unpack_from(">BBH", data, position)
        if mark != 0xFF:
            return None
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, position + 5)
            return width, height
        position += 2 + size
    return None


def _find_in_webp(data: bytes) -> tuple[int, int] | None:
    """Of the three kinds of first chunk (RFC 9649, 2.5 to 2.7)."""
    kind = data[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if kind == b"VP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None
