"""Text of a pair as JavaScript has it: ``decodeURIComponent``, or nothing decoded."""

from __future__ import annotations

import re

from inspector.forms.text import decode_escapes, has_lone_percent

LATIN_1 = "iso-8859-1"

_OPENING, _CLOSING = re.compile("%5[Bb]"), re.compile("%5[Dd]")
_ESCAPES = re.compile("(?:%[0-9A-Fa-f]{2})+")
_NAME_END = re.compile(rb"(?:\]|%5[Dd])=")


def split_pair(piece: bytes) -> tuple[bytes, bytes]:
    """Name and value, still encoded: cut at the first ``]=``, or else at the first ``=``."""
    found = _NAME_END.search(piece)
    if found:
        return piece[: found.end() - 1], piece[found.end() :]
    name, _, value = piece.partition(b"=")
    return name, value


def decode(raw: bytes, charset: str) -> tuple[str, bool]:
    """The text of a name or value, and whether it could be decoded.

    ``charset`` is UTF-8 or ISO-8859-1. Bytes that are not UTF-8 become U+FFFD before
    anything else; escapes that are not leave the whole text undecoded.
    """
    text = raw.decode("latin-1" if charset == LATIN_1 else "utf-8", "replace")
    text = _CLOSING.sub("]", _OPENING.sub("[", text)).replace("+", " ")
    if "%" not in text:
        return text, True
    if charset == LATIN_1:
        return _ESCAPES.sub(lambda run: decode_escapes(run[0]).decode("latin-1"), text), True
    if has_lone_percent(text):
        return text, False
    try:
        return _ESCAPES.sub(lambda run: decode_escapes(run[0]).decode(), text), True
    except UnicodeDecodeError:
        return text, False
