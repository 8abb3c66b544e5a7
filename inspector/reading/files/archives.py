"""Listings of archives, of their directories alone: nothing is unpacked.

Read here because a library reads all of a directory before it gives the first entry, and
ten megabytes of ZIP may have two hundred thousand.

Source: PKWARE, APPNOTE.TXT, 4.3.12 and 4.3.16; POSIX, pax, "ustar Interchange Format".
"""

from __future__ import annotations

import struct
from typing import NamedTuple

MAX_ENTRIES = 100
_MAX_COMMENT_BYTES = 65_535
_END, _ENTRY = b"PK\x05\x06", b"PK\x01\x02"
_BLOCK = 512


class Entry(NamedTuple):
    """A file in an archive: its size in bytes when unpacked, as the archive claims it."""

    name: str
    size: int


class Listing(NamedTuple):
    """The first ``MAX_ENTRIES`` entries, and how many there are as far as it is known."""

    entries: tuple[Entry, ...]
    total: int


def list_zip(data: bytes) -> Listing | None:
    """The entries of a ZIP archive; None where its directory is not found."""
    end = data.rfind(_END, max(0, len(data) - _MAX_COMMENT_BYTES - 22))
    if end < 0:
        return None
    total, _, position = struct.unpack_from("<HII", data, end + 10)
    entries: list[Entry] = []
    while len(entries) < MAX_ENTRIES and data.startswith(_ENTRY, position):
        flags = struct.unpack_from("<H", data, position + 8)[0]
        size, name, extra, comment = struct.unpack_from("<IHHH", data, position + 24)
        raw_name = data[position + 46 : position + 46 + name]
        charset = "utf-8" if flags & 0x800 else "cp437"
        entries.append(Entry(raw_name.decode(charset, "replace")[:500], size))
        position += 46 + name + extra + comment
    return Listing(tuple(entries), max(total, len(entries)))


def list_tar(data: bytes) -> Listing:
    """The entries of a tar archive, as many as there are before its first oddity."""
    entries: list[Entry] = []
    position = total = 0
    while position + _BLOCK <= len(data) and data[position] and total < 100 * MAX_ENTRIES:
        size = int(data[position + 124 : position + 136].strip(b" \0") or b"0", 8)
        name = data[position : position + 100].partition(b"\0")[0].decode("utf-8", "replace")
        prefix = (
            data[position + 345 : position + 500].partition(b"\0")[0].decode("utf-8", "replace")
        )
        total += 1
        if len(entries) < MAX_ENTRIES:
            entries.append(Entry(f"{prefix}/{name}" if prefix else name, size))
        position += _BLOCK + -(-size // _BLOCK) * _BLOCK
    return Listing(tuple(entries), total)


def _read_name(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "replace")
