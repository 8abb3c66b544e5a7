"""A part of a multipart body as a test looks at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector.domain.content import parse_media_type
from inspector.domain.headers import Headers
from inspector.domain.texts import decode_text_body
from inspector.forms import visible
from inspector.reading.text import escape_invisible, shorten

if TYPE_CHECKING:
    from inspector.domain.multipart import Part


class ReceivedPart:
    """One part of a multipart body: a file, when it has a ``filename``."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self.name: str | None = part.name
        self.filename: str | None = part.filename
        self.body: bytes = part.data

    @property
    def content_type(self) -> str | None:
        """The part's Content-Type, None without one."""
        return self._part.content_type or None

    @property
    def headers(self) -> Headers:
        """The part's own headers; of a repeated name the last."""
        return Headers(dict(self._part.raw_headers))

    @property
    def text(self) -> str:
        """The content in the charset that the part names, else UTF-8; other bytes are replaced."""
        text = decode_text_body(self.body, parse_media_type(self._part.content_type))
        return self.body.decode("utf-8", "replace") if text is None else visible(text)

    def __repr__(self) -> str:
        named = self.name if self.filename is None else f"{self.name} {self.filename!r}"
        return escape_invisible(f"<part {shorten(named or '')}, {len(self.body):,} bytes>")
