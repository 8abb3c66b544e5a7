"""Values inside texts: JSON in a text, the parts of a JWT, JSON in base64, of encoded URLs.

Only what is whole and has something to open, an object or a list with entries, counts.
Sizes, depth and the number of values are bounded as for any JSON (``json_bodies``), and
so is how often a text is opened that came out of a text. Nothing is ever verified.
"""

from __future__ import annotations

import re
from binascii import Error as Base64Error
from binascii import a2b_base64
from typing import Any, NamedTuple
from urllib.parse import unquote

from inspector.domain.json_bodies import parse_sent_json
from inspector.forms import parse

MAX_OPENED_CHARS = 2_000_000
MAX_JWT_CHARS = 20_000
# A text in a text in a text: escapes double with each, so real ones have one or two.
MAX_OPENINGS = 4

JSON_TEXT, JWT, BASE64_JSON = "JSON in a text", "JWT", "JSON in base64"
URL = "URL, decoded"
MAX_URL_CHARS = 8_000

# The signs that a text with a value in it begins with; white space may stand before JSON.
OPENING_SIGNS = frozenset("{[eWBhH").union(filter(str.isspace, map(chr, range(0x3001))))

_URL = re.compile(r"https?://[^\s/?#]++", re.IGNORECASE)
_LITTLE_CHARS = 12
_ALPHABET = re.compile(r"[A-Za-z0-9+/_-]++={0,2}")
_JWT = re.compile(r"(?:Bearer )?([A-Za-z0-9_-]++)\.([A-Za-z0-9_-]++)\.[A-Za-z0-9_-]*+")


class Opened(NamedTuple):
    """The ``value`` in a text, a dict or a list with entries, and how it was written there."""

    kind: str
    value: Any


def open_text(text: str) -> Opened | None:
    """The value in a text, or None. Linear; never raises.

    A URL with percent-encoding in its query, or encoded as a whole, becomes a dict of
    ``url`` (without the query), ``query`` (as PHP reads one) and ``fragment``. A JWT
    (RFC 7519) becomes a dict of ``header`` and ``claims``; base64 may be the one for URLs
    and go without padding (RFC 4648).
    """
    if not 2 <= len(text) <= MAX_OPENED_CHARS:
        return None
    if text[0] in "{[" or text[0].isspace():
        stripped = text.strip()
        is_enclosed = stripped[:1] in ("{", "[") and stripped[-1:] in ("}", "]")
        value = _parse(stripped.encode("utf-8", "replace")) if is_enclosed else None
        return None if value is None else Opened(JSON_TEXT, value)
    if len(text) < _LITTLE_CHARS:
        return None
    # Every JSON object in base64 begins with one of these, every list with a W: a quick no.
    if text.startswith(("ey", "ew", "eA", "W", "Bearer ey")):
        return _open_jwt(text) or _open_base64(text)
    if text[:4].lower() == "http" and "%" in text and len(text) <= MAX_URL_CHARS:
        return _open_url(text)
    return None


def _open_url(text: str) -> Opened | None:
    if "://" not in text[:10]:
        text = unquote(text)  # Encoded as a whole, as a value of another URL.
    elif "%" not in text.partition("?")[2]:
        return None
    if not _URL.match(text):
        return None
    rest, _, fragment = text.partition("#")
    url, _, query = rest.partition("?")
    value: dict[str, Any] = {"url": unquote(url)}
    if query:
        value["query"] = parse(query.encode("utf-8", "surrogateescape")).value
    if fragment:
        value["fragment"] = unquote(fragment)
    return Opened(URL, value)


def _open_jwt(text: str) -> Opened | None:
    found = _JWT.fullmatch(text) if len(text) <= MAX_JWT_CHARS else None
    if found is None:
        return None
    header, claims = (_parse(_decode(part)) for part in found.groups())
    if not isinstance(header, dict) or "alg" not in header or not isinstance(claims, dict):
        return None
    return Opened(JWT, {"header": header, "claims": claims})


def _open_base64(text: str) -> Opened | None:
    value = _parse(_decode(text)) if _ALPHABET.fullmatch(text) else None
    return None if value is None else Opened(BASE64_JSON, value)


def _decode(text: str) -> bytes:
    """The bytes of base64 of either alphabet; none for what is no base64."""
    plain = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return a2b_base64(plain + "=" * (-len(plain) % 4), strict_mode=True)
    except Base64Error:
        return b""


def _parse(data: bytes) -> Any:
    value = parse_sent_json(data) if data[:1] in (b"{", b"[") else None
    return value if value and isinstance(value, dict | list) else None
