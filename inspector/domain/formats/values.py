"""Values that a format has and JSON does not, and the limits on reading any format."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any

MAX_DEPTH = 100
MAX_VALUES = 100_000
# Limits for the formats that are read here byte by byte.
MAX_BINARY_BYTES = 2_000_000

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class FormatError(Exception):
    """A body that is not of its format; the text is half a sentence for people."""


class ExcessError(FormatError):
    """A body beyond a limit."""


class TypedText(str):
    """A text with the ``kind`` that it was sent as: ``CDATA``, ``bytes`` (in hex), ``time``."""

    __slots__ = ("kind",)
    kind: str

    def __new__(cls, text: str, kind: str) -> TypedText:
        """Of a text and the name of its kind."""
        made = super().__new__(cls, text)
        made.kind = kind
        return made

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]  # both are needed
        return (str(self), self.kind)


class XmlDocument(dict[str, Any]):
    """The root element of a document by its name.

    In it an element that came once is no list, though it may be one of a list elsewhere.
    """


class Budget:
    """A count of values and levels that ends the reading of a body that has too many."""

    def __init__(self, max_values: int = MAX_VALUES, max_depth: int = MAX_DEPTH) -> None:
        self.left = max_values
        self.max_depth = max_depth

    def spend(self, count: int = 1) -> None:
        """Raises ``ExcessError`` beyond the number of values."""
        self.left -= count
        if self.left < 0:
            raise ExcessError(f"it has more than {MAX_VALUES:,} values")

    def enter(self, depth: int) -> None:
        """Raises ``ExcessError`` beyond the number of levels."""
        if depth > self.max_depth:
            raise ExcessError(f"it nests deeper than {self.max_depth} levels")


class ByteReader(ABC):
    """A body read from its first byte to its last, value by value."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0
        self.budget = Budget()

    @abstractmethod
    def read(self, depth: int) -> Any:
        """The next value, ``depth`` levels below the outermost."""

    def read_all(self) -> Any:
        """The body's one value, or the list of several."""
        values = []
        while self.position < len(self.data):
            values.append(self.read(0))
        return values[0] if len(values) == 1 else values

    def take(self, size: int) -> bytes:
        """The next ``size`` bytes; raises ``FormatError`` when there are fewer."""
        end = self.position + size
        if end > len(self.data):
            raise FormatError("it breaks off")
        taken = self.data[self.position : end]
        self.position = end
        return taken


def show_bytes(data: bytes) -> str:
    """Bytes as text where they are printable UTF-8, else in hex."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = ""
    if text and not _CONTROL.search(text):
        return text
    return TypedText(data.hex(), "bytes") if data else ""


def show_float(number: float) -> Any:
    """The number, or its name where JSON has no number for it."""
    return number if isfinite(number) else TypedText(str(number), "number")


def show_time(seconds: float) -> str:
    """The instant so many seconds after 1970, UTC; the number itself beyond the calendar."""
    try:
        instant = _EPOCH + timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        return TypedText(str(seconds), "time")
    return TypedText(instant.isoformat().replace("+00:00", "Z"), "time")


def show_key(key: Any) -> str:
    """A map's key as text."""
    if isinstance(key, str):
        return str(key)
    if key is None or isinstance(key, bool):
        return {None: "null", True: "true", False: "false"}[key]
    return str(key)[:1000]
