"""Flat names, each with the list of its values, as Flask, Django and Go give them.

They differ in the odd cases, which notes tell: Go drops pairs with a semicolon or a % that
begins no escape; Flask shows bytes that are not UTF-8 as they were escaped; Django refuses
more than 1,000 pairs.

Source: Werkzeug 3.1, ``formparser.py``; Django 5.2, ``http/request.py``; Go, ``net/url``.
"""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import Any

from inspector.forms.notes import NoteList
from inspector.forms.options import ReadOptions
from inspector.forms.pairs import MAX_UNREAD_PAIRS, PIECE, Pair, Trace, count_pieces
from inspector.forms.text import (
    UTF_8,
    Value,
    decode_text,
    has_lone_percent,
    has_undecoded,
    to_transit,
)

# None of the three drops pairs silently beyond a limit; this is how many pairs are listed.
MAX_LISTED = 1000
MAX_CACHED_NAMES = 2048
MAX_CACHED_NAME_CHARS = 256
_DJANGO_MAX_PAIRS = 1000
_DJANGO_MAX_BYTES = 2_621_440

MESSAGES = {
    "charset_ignored": "Flask and Go read every form as UTF-8; Django in the charset that the"
    " sender names.",
    "django_refuses": "Django answers 400 Bad Request: it takes {limit} pairs and {size} bytes"
    " unless DATA_UPLOAD_MAX_NUMBER_FIELDS and DATA_UPLOAD_MAX_MEMORY_SIZE say otherwise.",
    "escape_invalid": "A % begins no escape: Go's ParseForm reports an error and drops the pair,"
    " Flask and Django keep the sign.",
    "flask_refuses": "The body has bytes beyond ASCII that are not UTF-8: Flask gives an empty"
    " form, Django reads them as ISO-8859-1.",
    "name_repeated": "Sent {count} times: Flask and Go give the first value, Django the last,"
    " unless the program asks for the list.",
    "not_decodable": "Some bytes are not UTF-8: Go keeps them, Flask shows their escapes, Django"
    " \N{REPLACEMENT CHARACTER}.",
    "semicolon": "A raw semicolon: Go's ParseForm reports an error and drops the pair, Flask and"
    " Django keep it.",
}

_names: dict[str, str] = {}  # Decoded names seen before; bounded, see ``_read_name``.


def read_value(body: bytes, _: ReadOptions) -> dict[str, Value]:
    """Each name with the list of its values. Linear in ``len(body)``."""
    text = to_transit(body)
    value: dict[str, Any] = {}
    mixed = not text.isascii()
    find_name = _names.get
    for piece in text.split("&"):
        if not piece:
            continue
        raw_name, _equals, entry = piece.partition("=")
        if mixed or "%" in entry:
            entry = decode_text(entry)
        name = find_name(raw_name)
        if name is None:
            name = _read_name(raw_name)
        if name in value:
            value[name].append(entry)
        else:
            value[name] = [entry]
    return value


def _read_name(transit: str) -> str:
    name = decode_text(transit)
    if len(transit) <= MAX_CACHED_NAME_CHARS:
        if len(_names) >= MAX_CACHED_NAMES:
            _names.clear()
        _names[transit] = name
    return name


def trace(body: bytes, options: ReadOptions) -> Trace:
    """The pairs and notes of a form. Linear in ``len(body)``."""
    notes = NoteList(MESSAGES)
    total = count_pieces(body)
    if options.charset != UTF_8 or not options.is_charset_known:
        notes.add("charset_ignored")
    if body.count(b"&") >= _DJANGO_MAX_PAIRS or len(body) > _DJANGO_MAX_BYTES:
        notes.add("django_refuses", limit=_DJANGO_MAX_PAIRS, size=f"{_DJANGO_MAX_BYTES:,}")
    if has_undecoded(body.decode(UTF_8, "surrogateescape")):
        notes.add("flask_refuses")
    counts: Counter[str] = Counter()
    pairs: list[Pair] = []
    for position, match in enumerate(
        islice(PIECE.finditer(body), options.max_variables + MAX_UNREAD_PAIRS)
    ):
        raw_name, _, raw_value = match[0].partition(b"=")
        name, value = decode_text(to_transit(raw_name)), decode_text(to_transit(raw_value))
        path = name, str(counts[name])
        counts[name] += 1
        pairs.append(Pair(position, raw_name, raw_value, name, value, path, is_kept=True))
        codes = (
            "escape_invalid" if has_lone_percent(to_transit(match[0])) else "",
            "not_decodable" if has_undecoded(name + value) else "",
            "semicolon" if b";" in match[0] else "",
        )
        for code in filter(None, codes):
            notes.add(code, name, position)
    for name, count in counts.items():
        if count > 1:
            notes.add("name_repeated", name, count=count)
    return Trace(read_value(body, options), tuple(pairs), total - len(pairs), notes.finish())
