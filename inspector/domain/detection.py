"""Detection of a body's type from its content, for bodies that are not what their type says.

A type is detected from the whole body or not at all: a truncated body is never guessed at, and
a few characters at the beginning prove nothing. Everything is bounded and linear; entities of
XML are never resolved, and nothing is executed.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple
from xml.parsers import expat

from inspector.domain.content import MediaType, decode_content
from inspector.domain.json_bodies import parse_json, parse_sent_json

JSON_TYPE = "application/json"
LINES_TYPE = "application/x-ndjson"
XML_TYPE = "application/xml"
GZIP_TYPE = "application/gzip"
FORM_TYPE = "application/x-www-form-urlencoded"

MAX_DETECTED_BYTES = 10_000_000
MAX_LINES = 100_000
MAX_XML_DEPTH = 200

# JSON Lines, NDJSON and JSON Text Sequences (RFC 7464) by the names that senders give them.
_LINES_TYPES = frozenset(
    f"application/{name}" for name in ("x-ndjson", "ndjson", "x-jsonlines", "jsonl", "jsonlines")
)
_SPACE = b" \t\r\n"
_GZIP_MARK = b"\x1f\x8b\x08"  # RFC 1952, 2.3.1
_UTF_8_MARK = b"\xef\xbb\xbf"
# The characters of an urlencoded form: those that a browser leaves or writes (the URL Standard,
# 5.1), and the brackets of names. A value that begins with = is the padding of base64.
_FORM_NAME = rb"[A-Za-z_](?:[A-Za-z0-9_.*\[\]-]|%[0-9A-Fa-f]{2})*+"
_FORM_VALUE = rb"(?:[A-Za-z0-9_.*+~!'(),:;/?@$|\[\]-]|%[0-9A-Fa-f]{2})"
_FORM = re.compile(
    rb"(?=[^=]*+=[^=])%b=%b*+(?:&%b=%b*+)*+" % (_FORM_NAME, _FORM_VALUE, _FORM_NAME, _FORM_VALUE)
)
_HTML = re.compile(rb"\s*+<(?:!doctype\s+html|html)\b", re.IGNORECASE)


class Detected(NamedTuple):
    """The media ``type`` of a body where the ``declared`` one says otherwise or is absent.

    ``declared`` is in lower case without parameters, None when there was no
    Content-Type. ``reason`` tells a person why, and what to do.
    """

    type: str
    declared: str | None
    reason: str

    @property
    def name(self) -> str:
        """A word or two for people: JSON, a form."""
        return _NAMES[self.type]


def detect(data: bytes, declared: MediaType) -> Detected | None:
    """The type of a whole body by its content; None when it is as declared, or not known.

    Detected are JSON (an object or a list), JSON lines (at least two, each an object or a
    list), XML, urlencoded forms and gzip. At most ``MAX_DETECTED_BYTES`` are looked at. Never
    raises.
    """
    if not data or len(data) > MAX_DETECTED_BYTES or declared.essence.startswith("multipart/"):
        return None
    found = _find_type(data, declared)
    if found is None:
        return None
    return Detected(found, declared.essence or None, _explain(found, declared.essence))


def is_lines_type(essence: str) -> bool:
    """True for a media type of JSON lines."""
    return essence in _LINES_TYPES


def parse_lines(data: bytes, *, least: int = 1) -> list[Any] | None:
    """The values of JSON lines, numbers as sent; None when a line is no object and no list.

    Empty lines are skipped; of ``least`` lines at least and ``MAX_LINES`` at most.
    """
    lines = [line for line in data.removeprefix(_UTF_8_MARK).splitlines() if line.strip()]
    if not least <= len(lines) <= MAX_LINES:
        return None
    values = []
    for line in lines:
        value = parse_sent_json(line) if _is_enclosed(line) else None
        if not isinstance(value, dict | list):
            return None
        values.append(value)
    return values


def is_well_formed(data: bytes) -> bool:
    """True for a whole XML document without a document type, of a bounded depth.

    A document type is where entities are declared: the parser stops there (Python's
    documentation, "XML vulnerabilities").
    """
    parser = expat.ParserCreate()
    depth = 0

    def enter(_name: str, _attributes: object) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_XML_DEPTH:
            raise _RefusedError

    def leave(_name: str) -> None:
        nonlocal depth
        depth -= 1

    def refuse(*_of_the_document_type: object) -> None:
        raise _RefusedError

    parser.StartElementHandler = enter
    parser.EndElementHandler = leave
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except (_RefusedError, expat.ExpatError, ValueError, LookupError):
        return False
    return True


class _RefusedError(Exception):
    """A document that is not read any further."""


def _find_type(data: bytes, declared: MediaType) -> str | None:
    essence = declared.essence
    if data.startswith(_GZIP_MARK):
        is_told = essence in (GZIP_TYPE, "application/x-gzip")
        return None if is_told or decode_content(data, "gzip").problem else GZIP_TYPE
    if _is_enclosed(data) and not declared.is_json and not is_lines_type(essence):
        if isinstance(parse_json(data), dict | list):
            return JSON_TYPE
        return LINES_TYPE if parse_lines(data, least=2) is not None else None
    if _is_enclosed(data) and declared.is_json:
        first, _, rest = data.partition(b"\n")
        is_split = _is_enclosed(first) and not rest.isspace()  # No one value is written so.
        return LINES_TYPE if is_split and parse_lines(data, least=2) is not None else None
    if _begins_with(data, b"<"):
        return XML_TYPE if _is_undeclared_xml(data, essence) else None
    if essence != FORM_TYPE and _is_often_wrong(declared) and _FORM.fullmatch(data.strip(_SPACE)):
        return FORM_TYPE
    return None


def _is_undeclared_xml(data: bytes, essence: str) -> bool:
    if essence.endswith(("/xml", "+xml")) or essence in ("text/html", "text/xsl"):
        return False
    return not _HTML.match(data) and is_well_formed(data.removeprefix(_UTF_8_MARK).strip(_SPACE))


def _is_often_wrong(declared: MediaType) -> bool:
    """True for the types that programs set without a look at the body."""
    return declared.is_json or declared.essence in ("", "text/plain", "application/octet-stream")


def _begins_with(data: bytes, sign: bytes) -> bool:
    return data.removeprefix(_UTF_8_MARK)[:1000].lstrip(_SPACE).startswith(sign)


def _is_enclosed(data: bytes) -> bool:
    """True when the first and the last character are brackets; nearly all that is no JSON fails."""
    ends = data[-1000:].rstrip(_SPACE)[-1:]
    return ends in (b"}", b"]") and (_begins_with(data, b"{") or _begins_with(data, b"["))


_NAMES = {
    GZIP_TYPE: "gzip",
    JSON_TYPE: "JSON",
    LINES_TYPE: "JSON lines",
    XML_TYPE: "XML",
    FORM_TYPE: "a form",
}


def _explain(found: str, essence: str) -> str:
    name = _NAMES[found]
    if found == GZIP_TYPE:
        return (
            "The body is gzip, and no header says so: it is shown as it came. Send the header"
            " “Content-Encoding: gzip”."
        )
    header = f"Content-Type: {found}"
    if essence == FORM_TYPE:
        return (
            f"Sent as a form, but the body is {name}, and read so here."
            f" Send its header; with curl, add -H '{header}'."
        )
    if found == FORM_TYPE and essence:
        return (
            f"Sent as {essence[:80]}, but the body is a form: PHP leaves $_POST empty. Send the"
            f" header “{header}”, or a body of the type that is declared."
        )
    if not essence:
        return f"Sent without a Content-Type, and the body is {name}. Send the header “{header}”."
    return f"Sent as {essence[:80]}, but the body is {name}. The fitting header is “{header}”."
