"""MessagePack as nested data.

Read here and not by a library, because a byte of MessagePack may claim four thousand
million entries: values and levels are counted while they are read.

Source: the MessagePack specification (msgpack/spec.md).
"""

from __future__ import annotations

import struct
from typing import Any

from inspector.domain.formats.values import (
    ByteReader,
    FormatError,
    TypedText,
    show_bytes,
    show_float,
    show_key,
    show_time,
)

_NUMBERS = {
    0xCA: ">f", 0xCB: ">d", 0xCC: ">B", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q",
    0xD0: ">b", 0xD1: ">h", 0xD2: ">i", 0xD3: ">q",
}  # fmt: skip
_CONSTANTS = {0xC0: None, 0xC2: False, 0xC3: True}
# First byte: what it begins, and the bytes of its length.
_SIZED = {
    0xC4: ("bin", 1), 0xC5: ("bin", 2), 0xC6: ("bin", 4),
    0xC7: ("ext", 1), 0xC8: ("ext", 2), 0xC9: ("ext", 4),
    0xD9: ("str", 1), 0xDA: ("str", 2), 0xDB: ("str", 4),
    0xDC: ("list", 2), 0xDD: ("list", 4), 0xDE: ("map", 2), 0xDF: ("map", 4),
}  # fmt: skip
_FIXED_EXT = {0xD4: 1, 0xD5: 2, 0xD6: 4, 0xD7: 8, 0xD8: 16}
_TIME = 0xFF


def parse_messagepack(data: bytes) -> Any:
    """The value of a MessagePack body, or the list of several one after the other.

    Keys become texts, binary that is no text hex, the timestamp extension a time.
    Raises ``FormatError`` for anything else, and beyond the limits of ``values``.
    """
    return _Reader(data).read_all()


class _Reader(ByteReader):
    def read(self, depth: int) -> Any:
        self.budget.spend()
        first = self.take(1)[0]
        if first < 0x80 or first >= 0xE0:
            return first if first < 0x80 else first - 0x100
        if first in _CONSTANTS:
            return _CONSTANTS[first]
        if first in _NUMBERS:
            number = self._unpack(_NUMBERS[first])
            return show_float(number) if isinstance(number, float) else number
        if first in _FIXED_EXT:
            return self._read_ext(_FIXED_EXT[first])
        return self._read_sized(*self._measure(first), depth)

    def _measure(self, first: int) -> tuple[str, int]:
        if first < 0x90:
            return "map", first & 0x0F
        if first < 0xA0:
            return "list", first & 0x0F
        if first < 0xC0:
            return "str", first & 0x1F
        if first not in _SIZED:
            raise FormatError(f"the byte 0x{first:02x} begins no value")
        kind, width = _SIZED[first]
        return kind, int.from_bytes(self.take(width))

    def _read_sized(self, kind: str, size: int, depth: int) -> Any:
        if kind == "str" or kind == "bin":
            return show_bytes(self.take(size))
        if kind == "ext":
            return self._read_ext(size)
        self.budget.enter(depth + 1)
        if kind == "list":
            return [self.read(depth + 1) for _ in range(size)]
        return {show_key(self.read(depth + 1)): self.read(depth + 1) for _ in range(size)}

    def _read_ext(self, size: int) -> str:
        kind = self.take(1)[0]
        data = self.take(size)
        if kind != _TIME or size not in (4, 8, 12):
            return TypedText(data.hex(), f"extension {kind - 0x100 if kind > 0x7F else kind}")
        if size == 4:
            return show_time(int.from_bytes(data))
        if size == 8:
            both = int.from_bytes(data)
            return show_time((both & 0x3_FFFF_FFFF) + (both >> 34) / 1e9)
        nanoseconds, seconds = struct.unpack(">Iq", data)
        return show_time(seconds + nanoseconds / 1e9)

    def _unpack(self, form: str) -> Any:
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]
