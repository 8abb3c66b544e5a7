"""A multipart body taken apart, as far as it goes.

A reader's view, not a validator: a body that breaks off gives the parts that came.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from inspector.capture import split_headers
from inspector.domain.content import decode_text
from inspector.forms.text import UTF_8, find_charset

if TYPE_CHECKING:
    from inspector.forms.parts import PartField

MAX_PARTS = 1000
MAX_PART_HEAD_BYTES = 16_384

_PARAMETER = re.compile(r';\s*([\w*-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]*))', re.DOTALL)
_UNSAFE_IN_FILENAME = re.compile(r"[^A-Za-z0-9._-]+")
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")


class Part(NamedTuple):
    """One part: ``name`` and ``filename`` as its Content-Disposition has them, or None.

    ``start`` is where its boundary line begins in the body.
    """

    raw_headers: list[tuple[str, str]]
    data: bytes
    name: str | None
    filename: str | None
    content_type: str
    start: int = 0

    @property
    def safe_filename(self) -> str:
        """The file name's last segment in plain ASCII, fit for a header; may be ``""``."""
        last = re.split(r"[/\\]", self.filename or "")[-1]
        return _UNSAFE_IN_FILENAME.sub("_", last).lstrip(".")[:100]


class PartList(NamedTuple):
    """``problem`` is a sentence when the body is not whole, or not all of it is here."""

    parts: list[Part]
    problem: str | None = None


def split_parts(body: bytes, boundary: str, *, max_parts: int = MAX_PARTS) -> PartList:
    """Cut a multipart body at its boundary lines (RFC 2046, 5.1.1). Never raises; linear.

    A boundary line may end in LF alone, and what stands before the first one and
    after the last is left out, as the RFC has it.
    """
    line = re.compile(
        rb"\r?\n--" + re.escape(boundary.encode("utf-8", "replace")) + rb"(--)?[ \t]*(?=\r?\n|\Z)"
    )
    text = b"\n" + body
    parts: list[Part] = []
    start: int | None = None
    line_start = 0
    for found in line.finditer(text):
        if start is not None:
            parts.append(_read_part(text[start : found.start()], line_start))
        if found[1]:
            return PartList(parts)
        if len(parts) == max_parts:
            return PartList(parts, f"Only the first {max_parts:,} parts are read.")
        start = found.end()
        line_start = found.start() + len(found[0]) - len(found[0].lstrip()) - 1
    if start is None:
        return PartList(parts, "The boundary of the Content-Type does not occur in the body.")
    parts.append(_read_part(text[start:], line_start))
    return PartList(parts, "The last part breaks off: there is no closing boundary.")


def _read_part(raw: bytes, start: int) -> Part:
    # ``raw`` begins with the line end of its boundary, so a part without headers has two.
    blank = _BLANK_LINE.search(raw, 0, MAX_PART_HEAD_BYTES)
    head, data = (raw[: blank.start()], raw[blank.end() :]) if blank else (b"", raw.lstrip(b"\r\n"))
    headers = [(decode_text(name), decode_text(value)) for name, value in split_headers(head)]
    found = {name.lower(): value for name, value in headers}
    disposition = _read_parameters(found.get("content-disposition", ""))
    return Part(
        raw_headers=headers,
        data=data,
        name=disposition.get("name"),
        filename=disposition.get("filename*", disposition.get("filename")),
        content_type=found.get("content-type", ""),
        start=start,
    )


def _read_parameters(value: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for match in _PARAMETER.finditer(value):
        name = match[1].lower()
        text = match[3].strip() if match[2] is None else re.sub(r'\\(["\\])', r"\1", match[2])
        if name.endswith("*"):
            # RFC 8187: charset'language'percent-encoded.
            charset, _, rest = text.partition("'")
            encoded = rest.partition("'")[2] or text.rpartition("'")[2]
            text = unquote(encoded, find_charset(charset) or UTF_8, errors="replace")
        found.setdefault(name, text)
    return found


def is_told(part: Part, field: PartField | None) -> bool:
    """True when a field of the form has all that a part has."""
    if field is None:
        return False
    return part.name == decode_text(field.name) and part.data == field.value
