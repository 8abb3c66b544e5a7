"""Files in texts: base64 of one (RFC 4648, 4), by itself or as a data URL (RFC 2397)."""

from __future__ import annotations

import re
from binascii import Error as Base64Error
from binascii import a2b_base64

from inspector.reading.files.kinds import FileKind, find_kind

# The default limit of bodies (10 MB), and a third more for base64.
MAX_CHARS = 14_000_000
# The bytes of a file's beginning that decide its kind; tar's magic is the furthest, at 257.
_HEAD_CHARS = 4_096
_LEAST_CHARS = 24
_PREFIX = re.compile(r"data:[\w.+/-]{0,100}(?:;[\w.=+-]{1,60}){0,4}?;base64,", re.ASCII)
_BASE64 = re.compile(r"[A-Za-z0-9+/]++={0,2}")


def find_embedded(text: str) -> bytes | None:
    """The file that a text is, its kind known; None for any other text. Linear; never raises."""
    start = _find_start(text)
    if start is None or find_embedded_kind(text) is None:
        return None
    encoded = text[start:]
    try:
        return a2b_base64(encoded, strict_mode=True) if _BASE64.fullmatch(encoded) else None
    except Base64Error:
        return None


def find_embedded_kind(text: str) -> FileKind | None:
    """The kind of the file that a text seems to be, by its beginning alone; None for any other.

    Facts from a file's end, such as an archive's entries, are left out.
    """
    start = _find_start(text)
    if start is None:
        return None
    head = text[start : start + _HEAD_CHARS].rstrip("=")
    head = head[: len(head) // 4 * 4]
    if not _BASE64.fullmatch(head):
        return None
    kind = find_kind(a2b_base64(head))
    return kind if kind is None or kind.picture else FileKind(kind.name)


def _find_start(text: str) -> int | None:
    """The place of the first sign of base64; None where there can be none."""
    if not _LEAST_CHARS <= len(text) <= MAX_CHARS:
        return None
    if not text.startswith("data:"):
        return 0
    prefix = _PREFIX.match(text)
    return None if prefix is None else prefix.end()
