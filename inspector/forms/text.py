"""Percent-encoded bytes to text, and text to something a screen can show.

Form bodies travel through the parser as ``str`` with one character per byte
(Latin-1), because slices of such a string need no decoding when they are plain
ASCII. Nothing here may raise for what a sender sent.
"""

from __future__ import annotations

import codecs
import re
from binascii import a2b_qp
from functools import lru_cache
from typing import Any, TypeAlias, TypeVar

Value: TypeAlias = "str | list[Value] | dict[str, Value]"

T = TypeVar("T")

UTF_8 = "utf-8"

_LONE_PERCENT = re.compile("%(?![0-9A-Fa-f][0-9A-Fa-f])")

# Each match becomes one U+FFFD. It has a lead byte and the bytes after it, up to its length, that
# neither begin a character nor are valid by themselves. Source: PHP, JSON_INVALID_UTF8_SUBSTITUTE.
_FOLLOWERS = "[\udc80-\udcc1\udcf5-\udcff]"
_UNDECODED = re.compile(
    f"[\udcc2-\udcdf]{_FOLLOWERS}?"
    f"|[\udce0-\udcef]{_FOLLOWERS}{{0,2}}"
    f"|[\udcf0-\udcf4]{_FOLLOWERS}{{0,3}}"
    "|[\ud800-\udfff]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")

# Labels of charsets in which ASCII stands for itself: names are taken apart at ASCII brackets.
# No other label is ever looked up: Python has codecs that are slow on hostile input, and remembers
# every unknown label for as long as the process lives. The pattern is compiled at its first use,
# since few senders name a charset.
_CHARSET_LABEL = (
    r"utf-?8|(us-)?ascii|latin-?[1-9]|iso-?8859-?[0-9]{1,2}|tis-?620|koi8-?[rtu]"
    r"|(cp|windows)-?(125[0-8]|874)|(cp|ibm)-?(437|720|737|775|85[0-9]|86[0-9]|932|949|950)"
    r"|macintosh|mac-?(roman|cyrillic|greek|turkish|latin2|iceland)|euc-?(jp|kr|cn)|johab"
    r"|shift-?jis|sjis|iso-?2022-?(jp|kr)(-[123])?|gb2312|gbk|gb18030|hz|big5(-?hkscs)?"
)


def to_transit(body: bytes) -> str:
    """Bytes as sent in transit form: a character for each byte, a space for each ``+``."""
    return body.decode("latin-1").replace("+", " ")


def decode_bytes(transit: str) -> bytes:
    """The bytes that a name or a value in transit form stands for."""
    if "%" not in transit:
        return transit.encode("latin-1")
    return decode_escapes(_LONE_PERCENT.sub("%25", transit))


def decode_escapes(transit: str) -> bytes:
    """The bytes that text in transit form stands for, each % of which begins an escape."""
    # Quoted-printable differs in its escape sign only, and the library decodes that in C.
    return a2b_qp(transit.replace("=", "%3D").replace("%", "=").encode("latin-1"))


def has_lone_percent(transit: str) -> bool:
    """True when a % is followed by anything but two hexadecimal digits."""
    return _LONE_PERCENT.search(transit) is not None


def has_undecoded(text: str) -> bool:
    """True when decoded text has bytes that were not UTF-8."""
    return not text.isascii() and _SURROGATE.search(text) is not None


def decode_text(transit: str) -> str:
    """The text of a name or a value in transit form; what is not UTF-8 is surrogate-escaped."""
    return decode_bytes(transit).decode(UTF_8, "surrogateescape")


def decode_in(transit: str, charset: str) -> tuple[str, bool]:
    """The text in a charset that ``find_charset`` gave, and whether all bytes fitted it."""
    raw = decode_bytes(transit)
    try:
        text = raw.decode(charset, "surrogateescape")
    except UnicodeDecodeError:  # An ASCII byte in a wrong place, which no surrogate stands for.
        return raw.decode(charset, "replace"), False
    return text, not has_undecoded(text)


@lru_cache(maxsize=64)
def find_charset(label: str) -> str | None:
    """Python's name of a charset that a sender named, None when we cannot read forms in it."""
    label = label.strip().lower().replace("_", "-")
    if not re.fullmatch(_CHARSET_LABEL, label):
        return None
    try:
        return codecs.lookup(label).name
    except LookupError:
        return None


def visible(text: str) -> str:
    """``text`` with U+FFFD for what was not UTF-8: fit for a screen, for JSON, for encoding.

    As many replacement characters as PHP's ``JSON_INVALID_UTF8_SUBSTITUTE`` gives.
    """
    return text if text.isascii() else _UNDECODED.sub("\ufffd", text)


def to_json_safe(value: T) -> T:
    """A copy of data made of dicts, lists and scalars, with every name and string ``visible``.

    Names that differ only in what was not UTF-8 become one; the last value stays,
    as in the JSON that PHP would write. Any depth; nothing recurses.
    """
    top = [value]
    todo: list[Any] = [top]
    while todo:
        container = todo.pop()
        entries = container.items() if isinstance(container, dict) else enumerate(container)
        for key, entry in entries:
            safe = entry
            if isinstance(entry, str):
                safe = visible(entry)
            elif isinstance(entry, dict):
                todo.append(safe := {visible(name): item for name, item in entry.items()})
            elif isinstance(entry, list):
                todo.append(safe := [*entry])
            container[key] = safe
    return top[0]
