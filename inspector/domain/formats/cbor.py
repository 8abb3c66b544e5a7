"""CBOR as nested data; values and levels are counted while they are read.

Source: RFC 8949, Concise Binary Object Representation.
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

_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _LIST, _MAP, _TAG = range(7)
_CONSTANTS = {20: False, 21: True, 22: None, 23: TypedText("undefined", "undefined")}
_FLOATS = {25: ">e", 26: ">f", 27: ">d"}
_WIDTHS = {24: 1, 25: 2, 26: 4, 27: 8}
_OPEN_ENDED, _BREAK = 31, 0xFF
# Tags that say more of a text or a number than that it is one (3.4.1, 3.4.2), and the one
# that only says "this is CBOR" (3.4.6).
_TIME_TEXT, _TIME_NUMBER, _BIG, _BIG_NEGATIVE, _IS_CBOR = 0, 1, 2, 3, 55799


def parse_cbor(data: bytes) -> Any:
    """The value of a CBOR body, or the list of several one after the other (RFC 8742).

    Keys become texts, bytes that are no text hex; a tag that is not understood is a map
    of ``tag`` and ``value``. Raises ``FormatError`` for anything else, and beyond the limits
    of ``values``.
    """
    return _Reader(data).read_all()


class _Reader(ByteReader):
    def read(self, depth: int) -> Any:
        self.budget.spend()
        self.budget.enter(depth)
        first = self.take(1)[0]
        major, info = first >> 5, first & 0x1F
        if major == 7:
            return self._read_simple(info)
        if major in (_BYTES, _TEXT):
            data = self._read_string(major, info)
            return data.decode("utf-8", "replace") if major == _TEXT else show_bytes(data)
        if major in (_LIST, _MAP):
            return self._read_container(major, info, depth + 1)
        number = self._measure(info)
        if major == _TAG:
            return self._read_tagged(number, depth + 1)
        return number if major == _UNSIGNED else -1 - number

    def _read_simple(self, info: int) -> Any:
        if info in _CONSTANTS:
            return _CONSTANTS[info]
        if info in _FLOATS:
            return show_float(struct.unpack(_FLOATS[info], self.take(_WIDTHS[info]))[0])
        return TypedText(str(self._measure(info)), "simple value")

    def _read_string(self, major: int, info: int) -> bytes:
        if info != _OPEN_ENDED:
            return self.take(self._measure(info))
        pieces = []
        while not self._ends():
            self.budget.spend()
            first = self.take(1)[0]
            if first >> 5 != major or first & 0x1F == _OPEN_ENDED:
                raise FormatError("a text in pieces has a piece of another kind")
            pieces.append(self.take(self._measure(first & 0x1F)))
        return b"".join(pieces)

    def _read_container(self, major: int, info: int, depth: int) -> Any:
        left = None if info == _OPEN_ENDED else self._measure(info)
        items: list[Any] = []
        entries: dict[str, Any] = {}
        while (not self._ends()) if left is None else left:
            left = None if left is None else left - 1
            if major == _LIST:
                items.append(self.read(depth))
            else:
                key = show_key(self.read(depth))
                entries[key] = self.read(depth)
        return items if major == _LIST else entries

    def _read_tagged(self, tag: int, depth: int) -> Any:
        start = self.position
        value = self.read(depth)
        if tag == _IS_CBOR:
            return value
        if tag == _TIME_TEXT and isinstance(value, str):
            return TypedText(value, "time")
        if tag == _TIME_NUMBER and isinstance(value, int | float):
            return show_time(value)
        if tag in (_BIG, _BIG_NEGATIVE) and isinstance(value, str) and len(value) <= 1000:
            raw = self.data[start : self.position]
            return _read_big(raw, tag)
        return {"tag": tag, "value": value}

    def _measure(self, info: int) -> int:
        if info < 24:
            return info
        if info not in _WIDTHS:
            raise FormatError("a length is of a kind that does not exist")
        return int.from_bytes(self.take(_WIDTHS[info]))

    def _ends(self) -> bool:
        if self.data[self.position : self.position + 1] != bytes([_BREAK]):
            return False
        self.position += 1
        return True


def _read_big(raw: bytes, tag: int) -> int:
    """A bignum, of the bytes of its whole byte string (3.4.3)."""
    reader = _Reader(raw)
    number = int.from_bytes(reader._read_string(_BYTES, reader.take(1)[0] & 0x1F))
    return number if tag == _BIG else -1 - number
