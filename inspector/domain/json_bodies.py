"""JSON texts as values and back: bounded, for their senders may be hostile, and exact.

A float forgets how it was written: ``1.50`` is ``1.5`` and a long fraction is rounded. So a
captured number remembers its text, and is written with it again.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import Any, Literal, TypeAlias

from inspector.forms.text import to_json_safe

MAX_JSON_DEPTH = 200
MAX_JSON_VALUES = 500_000

Excess: TypeAlias = Literal["nesting_exceeded", "values_exceeded"]


class SentNumber(float):
    """A number that was sent: equal to the float it stands for, with the ``text`` it was.

    A number beyond the range of floats is infinite, and its text has the digits.
    """

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> SentNumber:
        """Of a number as JSON writes one."""
        number = super().__new__(cls, text)
        number.text = text
        return number

    def __getnewargs__(self) -> tuple[str]:  # type: ignore[override]  # a copy is made of the text
        return (self.text,)


def parse_json(data: bytes) -> Any:
    """The value of a JSON text, or None when it is none.

    What exceeds a limit (see ``find_excess``) is no JSON to us, nor is a number that no
    double holds.
    """
    return _parse(data, _finite, int)


def parse_sent_json(data: bytes) -> Any:
    """Parse JSON with every number as it was sent: an ``int`` or a ``SentNumber``."""
    return _parse(data, SentNumber, _whole)


def parse_api_json(data: bytes | str) -> Any:
    """The value of a response of our own API, with every number as it was sent.

    Raises ``ValueError`` for what is no JSON.
    """
    return json.loads(data, parse_float=SentNumber, parse_int=_whole)


def _parse(data: bytes, fraction: Callable[[str], Any], whole: Callable[[str], Any]) -> Any:
    if find_excess(data) is not None:
        return None
    try:
        return json.loads(data, parse_float=fraction, parse_int=whole, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None


_ASCII, _UNICODE = json.JSONEncoder(), json.JSONEncoder(ensure_ascii=False)
# Containers of nothing else are written in C.
_PLAIN = frozenset({str, int, bool, type(None)})


def write_json(value: Any, *, indent: int = 0, ensure_ascii: bool = True) -> str:
    """JSON as ``json.dumps`` writes it, and a ``SentNumber`` as it was sent.

    Names are strings. Any depth; nothing recurses. Linear in ``value``.
    """
    encode = encode_basestring_ascii if ensure_ascii else encode_basestring
    whole = _ASCII.encode if ensure_ascii else _UNICODE.encode
    parts: list[str] = []
    open_: list[tuple[Iterator[tuple[str, Any]], str]] = [(iter([("", value)]), "")]
    while open_:
        entries, end = open_[-1]
        for lead, item in entries:
            if item and isinstance(item, dict | list):
                items = item.values() if isinstance(item, dict) else item
                if not indent and _PLAIN.issuperset(map(type, items)):
                    parts.append(lead + whole(item))
                    continue
                begin, end_ = ("{", "}") if isinstance(item, dict) else ("[", "]")
                outer = "\n" + " " * indent * (len(open_) - 1) if indent else ""
                inner = outer + " " * indent
                parts.append(lead + begin)
                open_.append((_lead_entries(item, inner, encode), outer + end_))
                break
            parts.append(lead + _write_leaf(item, encode))
        else:
            parts.append(end)
            open_.pop()
    return "".join(parts)


def write_json_line(value: Any) -> bytes:
    """JSON in one line of UTF-8 without blanks; a ``SentNumber`` as it was sent.

    Names and texts are made ``visible``. Characters at which a reader may end a line are
    escaped. Any depth. Linear in ``value``.
    """
    import orjson  # a test's server starts without it

    def write(item: Any) -> Any:
        if isinstance(item, SentNumber):
            return orjson.Fragment(item.text)
        raise TypeError(f"{type(item).__name__} is no JSON.")

    try:
        line = orjson.dumps(value, write)
    except TypeError:  # bytes that were not UTF-8, a large integer or great depth
        safe = to_json_safe({"": value})[""]
        try:
            line = orjson.dumps(safe, write)
        except TypeError:
            line = write_json(safe, ensure_ascii=False).encode()
    if not line.isascii():
        for end, escaped in _LINE_ENDS:
            line = line.replace(end, escaped)
    return line


# Beyond the control characters, which are always escaped: where Python, JavaScript and others
# may cut a text into lines.
_LINE_ENDS = tuple((sign.encode(), b"\\u%04x" % ord(sign)) for sign in "\x85\u2028\u2029")


def _lead_entries(
    container: dict[str, Any] | list[Any], pad: str, encode: Callable[[str], str]
) -> Iterator[tuple[str, Any]]:
    """Each entry, with all that stands before it since the one before."""
    lead, comma = pad, f",{pad or ' '}"
    if isinstance(container, dict):
        for name, item in container.items():
            yield f"{lead}{encode(name)}: ", item
            lead = comma
    else:
        for item in container:
            yield lead, item
            lead = comma


def _write_leaf(item: Any, encode: Callable[[str], str]) -> str:
    if isinstance(item, str):
        return encode(item)
    if type(item) is int:
        return int.__repr__(item)
    return item.text if isinstance(item, SentNumber) else json.dumps(item)


def find_excess(data: bytes) -> Excess | None:
    """The reason for which a JSON text is too much to be parsed, or None.

    It is deeper than ``MAX_JSON_DEPTH`` brackets, or of more than ``MAX_JSON_VALUES``
    values: neither Python's parser nor a reader goes there.
    """
    excess = _measure(data)
    # Brackets within strings count at first, too: that is quick and errs on the safe side.
    return excess and _measure(_STRING.sub(b"", data))


def _measure(data: bytes) -> Excess | None:
    brackets = data.translate(None, _NO_BRACKETS)
    if len(brackets) // 2 + data.count(b",") > MAX_JSON_VALUES:
        return "values_exceeded"
    return "nesting_exceeded" if _measure_depth(brackets) > MAX_JSON_DEPTH else None


def _whole(text: str) -> int | SentNumber:
    """An ``int``, or a ``SentNumber`` for ``-0`` and for more digits than Python parses."""
    try:
        return SentNumber(text) if text == "-0" else int(text)
    except ValueError:
        return SentNumber(text)


def _refuse(text: str) -> Any:
    """``NaN`` and ``Infinity`` are no numbers in JSON."""
    raise ValueError(text)


def _finite(text: str) -> float:
    """A number that a double holds; any other could not be given out as JSON."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _measure_depth(brackets: bytes) -> int:
    """The depth to which brackets nest."""
    depth = deepest = 0
    for byte in brackets:
        if byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        else:
            depth -= 1
    return deepest


# A string, or one that never ends: each quote is looked at once.
_STRING = re.compile(rb'"[^"\\]*+(?:\\(?:.|\Z)[^"\\]*+)*+(?:"|\Z)', re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
