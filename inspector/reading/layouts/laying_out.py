"""The layout of a body by its media type."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from inspector.domain.content import MediaType
from inspector.domain.detection import LINES_TYPE, is_lines_type
from inspector.domain.formats.parsing import XML, find_format
from inspector.domain.json_bodies import parse_json
from inspector.domain.messages import Message
from inspector.reading.layouts.graphql import lay_out_graphql
from inspector.reading.layouts.json import lay_out_json
from inspector.reading.layouts.markup import lay_out_markup
from inspector.reading.layouts.pieces import Piece, Sheet
from inspector.reading.layouts.source import LANGUAGES, colour_source
from inspector.reading.layouts.table import Table, read_table

MAX_SHOWN_CHARS = 50_000
_GRAPHQL = re.compile(r"\s*+(?:#[^\n]*+\s*+)*+(?:query|mutation|subscription|fragment|\{)")
_LITTLE_CHARS = 100_000
GRAPHQL_TYPE = "application/graphql"


@dataclass(frozen=True, slots=True)
class LaidOut:
    """A body for reading: ``pieces`` of text with their colours, or a ``table``.

    ``language`` is its name for people. ``is_cut`` when there is more than ``pieces``
    have; ``problem`` is a sentence on what is missing otherwise. ``inner`` is source
    inside of a value, such as the query of a GraphQL request.
    """

    language: str
    pieces: tuple[Piece, ...] = ()
    is_cut: bool = False
    problem: str | None = None
    table: Table | None = None
    inner: LaidOut | None = None


def lay_out_body(request: Message, max_chars: int = MAX_SHOWN_CHARS) -> LaidOut | None:
    """A request's body laid out; None for one that is no text or has no layout of its own."""
    text = request.body_text
    if text is None or (request.detected is None and not request.media_type.essence):
        return None
    if request.is_json:
        if request.json is None:
            return None
        laid_out = _lay_out_json(text, request.essence, max_chars)
        return _with_query(laid_out, request.json)
    return lay_out_text(text, request.essence, max_chars)


def lay_out_text(text: str, essence: str, max_chars: int = MAX_SHOWN_CHARS) -> LaidOut | None:
    """A text of a media type laid out; None where there is no layout for it."""
    if not text.strip():
        return None
    if MediaType(essence).is_json:
        is_read = len(text) <= _LITTLE_CHARS and parse_json(text.encode("utf-8", "replace"))
        return _lay_out_json(text, essence, max_chars) if is_read else None
    if is_lines_type(essence):
        return _lay_out_json(text, essence, max_chars)
    if essence == "text/html" or find_format(essence) == XML:
        sheet = Sheet(max_chars)
        is_html = essence in ("text/html", "application/xhtml+xml")
        lay_out_markup(text.lstrip("\ufeff"), sheet, is_html=is_html)
        return LaidOut("HTML" if is_html else "XML", sheet.finish(), sheet.is_full)
    if essence in ("text/csv", "application/csv", "text/tab-separated-values"):
        table = read_table(text, essence)
        return None if table is None else LaidOut("CSV", table=table)
    if essence in LANGUAGES:
        sheet = Sheet(max_chars)
        if essence == GRAPHQL_TYPE:
            text = lay_out_graphql(text, max_chars)
        problem = colour_source(text, essence, sheet)
        return LaidOut(LANGUAGES[essence][0], sheet.finish(), sheet.is_full, problem)
    return None


def _lay_out_json(text: str, essence: str, max_chars: int) -> LaidOut:
    sheet = Sheet(max_chars)
    lay_out_json(text, sheet)
    are_lines = is_lines_type(essence) or essence == LINES_TYPE
    return LaidOut("JSON lines" if are_lines else "JSON", sheet.finish(), sheet.is_full)


def _with_query(laid_out: LaidOut, value: Any) -> LaidOut:
    """With the query of a GraphQL request (GraphQL over HTTP, 5.1), which JSON has in one line."""
    query = value.get("query") if isinstance(value, dict) else None
    if not isinstance(query, str) or not _GRAPHQL.match(query):
        return laid_out
    inner = lay_out_text(query, GRAPHQL_TYPE)
    return LaidOut(laid_out.language, laid_out.pieces, laid_out.is_cut, inner=inner)
