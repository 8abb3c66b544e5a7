"""Bytes of a body as text, in the charset that they or their type name.

Text or binary is no matter of one byte: a log with a byte of another charset in it, or one
that was cut within a letter, stays text, and each odd byte stays told apart as the
surrogate that stands for it (PEP 383), as in a form's values.
"""

from __future__ import annotations

import codecs
import re

from inspector.domain.content import MediaType
from inspector.forms.text import UTF_8, find_charset

# So many bytes of a text may be odd, one of that number; more where its type says text.
_ONE_OF, _ONE_OF_TEXT = 50, 4
_CONTROLS = bytes({*range(0x20)} - {*b"\t\n\f\r\x1b"})
_SURROGATE = re.compile("[\udc80-\udcff]")
_XML_ENCODING = re.compile(
    rb"""\s*<\?xml\s[^>]{0,80}?\bencoding\s{0,9}=\s{0,9}["']([\w.-]{1,40})["']"""
)
_UTF_16 = {"utf-16": "utf-16", "utf-16le": "utf-16-le", "utf-16be": "utf-16-be"}


def decode_text_body(data: bytes, kind: MediaType) -> str | None:
    """The text of a body or a part; None when it is binary. Linear; never raises.

    The charset is the type's own, else the one of a byte order mark or of an XML
    declaration, else UTF-8. Bytes that are not text in it are surrogate-escaped.
    """
    charset = _find_charset(data, kind)
    if charset in _UTF_16.values():
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
        return _UTF_16.get(label) or find_charset(label) or UTF_8
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    declared = _XML_ENCODING.match(data[:200])
    return (find_charset(declared[1].decode("ascii", "replace")) if declared else None) or UTF_8
