"""Charsets that a form names in itself, for fields that are not UTF-8.

``_charset_`` is the HTML standard's (4.10.18.3, "naming form controls"), ``charset`` PayPal's
(IPN), ``charsets`` SendGrid's (Inbound Parse: JSON, a charset for each field), and a part's own
Content-Type is RFC 7578's (4.5). No receiver has to heed them. A value that is valid UTF-8 is
left alone, for such a field may be about something else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from urllib.parse import unquote_to_bytes

from inspector.forms.notes import Note
from inspector.forms.php.messages import MESSAGES
from inspector.forms.text import UTF_8, find_charset

_PAIR = re.compile(rb"(?:\A|&)(?:_charset_|charset)=([A-Za-z0-9._:-]{1,40})(?=&|\Z)")
_OF_PART = re.compile(rb"""(?im)^content-type:[^\r\n]*?;\s*charset="?([A-Za-z0-9._:-]{1,40})""")
_MAX_LIST_BYTES = 10_000


def find_named_charset(body: bytes) -> str | None:
    """The charset that a field of an urlencoded form names, where the form is not UTF-8.

    None where there is none, or none that we can read. Linear; never raises.
    """
    found = _PAIR.search(body) if b"charset" in body else None
    label = find_charset(found[1].decode()) if found else None
    return None if label in (None, UTF_8) or is_utf_8(unquote_to_bytes(body)) else label


def note_on_charset(charset: str) -> Note:
    """The note on a form that was read in the charset that a field of it names."""
    message = MESSAGES["charset_named_for_all"].format(charset=charset)
    return Note("charset_named", "", message)


def find_part_charset(head: bytes) -> str:
    """The charset in a part's Content-Type, as sent; ``""`` for none."""
    found = _OF_PART.search(head)
    return found[1].decode() if found else ""


def read_charsets(fields: Iterable[tuple[bytes, bytes]]) -> dict[bytes, str]:
    """The charsets that fields name for others, by the name of the field; ``b""`` is for all."""
    named: dict[bytes, str] = {}
    for name, value in fields:
        if name in (b"_charset_", b"charset") and len(value) <= 40:
            named.setdefault(b"", value.decode("latin-1"))
        elif name == b"charsets" and len(value) <= _MAX_LIST_BYTES:
            named |= _read_list(value)
    return named


def convert(value: bytes, label: str) -> bytes | None:
    """The bytes in UTF-8; None where they are UTF-8 or the charset is none that we can read."""
    charset = find_charset(label) if label else None
    if charset in (None, UTF_8) or is_utf_8(value):
        return None
    return value.decode(charset or UTF_8, "replace").encode()


def is_utf_8(data: bytes) -> bool:
    """True when all bytes are."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _read_list(value: bytes) -> dict[bytes, str]:
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return {}
    entries = found.items() if isinstance(found, dict) else ()
    return {key.encode("utf-8", "replace"): text for key, text in entries if isinstance(text, str)}
