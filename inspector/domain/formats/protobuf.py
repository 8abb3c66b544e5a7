"""Protocol Buffers without their schema: field numbers, and values as far as the wire tells.

A length-delimited field may be a text, a message or bytes, and a fixed one a fraction or
a whole number: the likeliest is taken. Values and levels are counted.

Source: Protocol Buffers Documentation, "Encoding"; gRPC over HTTP/2, "Length-Prefixed-Message".
"""

from __future__ import annotations

import struct
from math import isfinite
from typing import Any

from inspector.domain.formats.values import (
    Budget,
    ExcessError,
    FormatError,
    TypedText,
    show_bytes,
)

_VARINT, _FIXED_64, _SIZED, _GROUP, _GROUP_END, _FIXED_32 = range(6)
_MAX_FIELD = 2**29 - 1
_GRPC_HEAD = 5
# Levels of messages within bytes that are tried: bytes may look like a message by chance, and so
# may those within.
_MAX_TRIES = 20_000
_MAX_GUESSED_DEPTH = 30


def parse_protobuf(data: bytes) -> dict[str, Any]:
    """The fields of a message by their number, those that come more than once as lists.

    Raises ``FormatError`` for anything else, and beyond the limits of ``values``.
    """
    return _Reader(data, Budget()).read(0, len(data), 0)


def parse_grpc(data: bytes) -> Any:
    """The message in a gRPC body, or the list of several. Raises ``FormatError``."""
    budget, messages, start = Budget(), [], 0
    while start < len(data):
        head = data[start : start + _GRPC_HEAD]
        size = int.from_bytes(head[1:])
        end = start + _GRPC_HEAD + size
        if len(head) < _GRPC_HEAD or end > len(data):
            raise FormatError("it breaks off")
        budget.spend()
        if head[0]:
            messages.append(
                {"compressed": TypedText(data[start + _GRPC_HEAD : end].hex(), "bytes")}
            )
        else:
            messages.append(_Reader(data, budget).read(start + _GRPC_HEAD, end, 0))
        start = end
    return messages[0] if len(messages) == 1 else messages


class _Reader:
    def __init__(self, data: bytes, budget: Budget) -> None:
        self.data = data
        self.budget = budget
        self.position = 0
        self.end = 0
        self.tries = _MAX_TRIES

    def read(self, start: int, end: int, depth: int, group: int | None = None) -> dict[str, Any]:
        """The fields from ``start``; up to the end of ``group``, or else to ``end``."""
        self.budget.enter(depth)
        outer, self.end, self.position = self.end, end, start
        fields: dict[str, list[Any]] = {}
        while self.position < end or group is not None:
            number, kind = divmod(self._read_varint(), 8)
            if kind == _GROUP_END and number == group:
                break
            if not 1 <= number <= _MAX_FIELD:
                raise FormatError(f"{number} is no field number")
            self.budget.spend()
            fields.setdefault(str(number), []).append(self._read_value(kind, number, depth))
        self.end = outer
        return {key: found if len(found) > 1 else found[0] for key, found in fields.items()}

    def _read_value(self, kind: int, number: int, depth: int) -> Any:
        if kind == _VARINT:
            value = self._read_varint()
            return value if value < 1 << 63 else value - (1 << 64)
        if kind == _FIXED_64:
            return _read_fixed(self._take(8), "<d")
        if kind == _FIXED_32:
            return _read_fixed(self._take(4), "<f")
        if kind == _GROUP:
            return self.read(self.position, self.end, depth + 1, number)
        if kind == _SIZED:
            return self._read_sized(self._read_varint(), depth)
        raise FormatError(f"{kind} is no wire type")

    def _read_sized(self, size: int, depth: int) -> Any:
        start, end = self.position, self.end
        data = self._take(size)
        after = self.position
        shown = show_bytes(data)
        if not data or (not isinstance(shown, TypedText) and "\n" not in shown):
            return shown
        left = self.budget.left
        try:
            self.tries -= 1
            if self.tries > 0 and depth < _MAX_GUESSED_DEPTH:
                return self.read(start, after, depth + 1)
        except ExcessError:
            raise
        except FormatError:
            self.budget.left = left  # It was no message: what it spent is given back.
        finally:
            self.position, self.end = after, end
        return shown

    def _read_varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value & (1 << 64) - 1
            shift += 7
            if shift >= 70:
                raise FormatError("a number has more than ten bytes")

    def _take(self, size: int) -> bytes:
        end = self.position + size
        if end > self.end:
            raise FormatError("it breaks off")
        taken = self.data[self.position : end]
        self.position = end
        return taken


def _read_fixed(data: bytes, form: str) -> Any:
    """A fraction where the bytes make one of a usual size, else a whole number."""
    number = struct.unpack(form, data)[0]
    if number == 0 or (isfinite(number) and 1e-9 < abs(number) < 1e15):
        # The shortest text that stands for this float: 0.1 in four bytes is shown as 0.1, not as
        # 0.10000000149011612.
        return float(f"{number:.7g}") if form == "<f" else number
    return int.from_bytes(data, "little")
