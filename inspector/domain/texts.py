"""Bytes of a body as text, in the charset that they or their type name.

One byte does not make a text binary: a log with a byte of another charset in it, or one that
was cut within a character, stays text, and each odd byte is kept as a surrogate (PEP 383), as
in a form's values.
"""

from __future__ import annotations

import codecs
import json
import re

from inspector.domain.content import MediaType
from inspector.forms.text import UTF_8, find_charset

# One byte in this many may be odd in a text; more where its type says text.
_ONE_OF, _ONE_OF_TEXT = 50, 4
_CONTROLS = bytes({*range(0x20)} - {*b"\t\n\f\r\x1b"})
_SURROGATE = re.compile("[\udc80-\udcff]")
_XML_ENCODING = re.compile(
    rb"""\s*<\?xml\s[^>]{0,80}?\bencoding\s{0,9}=\s{0,9}["']([\w.-]{1,40})["']"""
)
_META = re.compile(rb"""(?i)<meta\s[^>]{0,80}?\bcharset\s{0,9}=\s{0,9}["']?([\w.-]{1,40})""")
_UTF_16 = {"utf-16": "utf-16", "utf-16le": "utf-16-le", "utf-16be": "utf-16-be"}
_UTF_32 = {"utf-32": "utf-32", "utf-32le": "utf-32-le", "utf-32be": "utf-32-be"}
_WIDE = _UTF_16 | _UTF_32


def decode_text_body(data: bytes, kind: MediaType) -> str | None:
    """The text of a body or a part; None when it is binary. Linear; never raises.

    The charset is the type's own, else the one of a byte order mark, an XML declaration
    or HTML's ``meta``, else UTF-8; JSON tells UTF-16 and UTF-32 by its zeros. Bytes that are
    not text in it are surrogate-escaped.
    """
    charset = _find_charset(data, kind)
    if charset in _WIDE.values():
        try:
            return data.decode(charset)
        except UnicodeDecodeError:
            charset = UTF_8
    try:
        text = data.decode(charset)
    except UnicodeDecodeError:
        text = data.decode(UTF_8, "surrogateescape")
    else:
        if b"\0" not in data:
            return text
    odd = len(data) - len(data.translate(None, _CONTROLS)) + len(_SURROGATE.findall(text))
    is_named_text = kind.essence.startswith("text/") or kind.is_json
    return text if odd <= len(data) // (_ONE_OF_TEXT if is_named_text else _ONE_OF) else None


def _find_charset(data: bytes, kind: MediaType) -> str:
    if kind.charset:
        label = kind.charset.strip().lower().replace("_", "-")
        return _WIDE.get(label) or find_charset(label) or UTF_8
    if kind.is_json:
        found: str = json.detect_encoding(data)
        return UTF_8 if found == "utf-8-sig" else found
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    declared = _XML_ENCODING.match(data[:200])
    if declared is None and kind.essence == "text/html":
        declared = _META.search(data[:1024])
    return (find_charset(declared[1].decode("ascii", "replace")) if declared else None) or UTF_8


def recode(data: bytes, kind: MediaType) -> bytes:
    """The bytes in UTF-8 where the type names another charset and they are not UTF-8."""
    label = (kind.charset or "").strip().lower().replace("_", "-")
    if label in _WIDE:
        try:
            return data.decode(_WIDE[label]).encode()
        except UnicodeDecodeError:
            return data
    charset = find_charset(label) if label and not data.isascii() else None
    if charset in (None, UTF_8):
        return data
    try:
        data.decode(UTF_8)
    except UnicodeDecodeError:
        return data.decode(charset or UTF_8, "replace").encode()
    return data
