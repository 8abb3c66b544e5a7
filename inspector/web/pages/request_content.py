"""The sections of a request's page beside its tree: headers, cookies, body, parts; all bounded."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from inspector.domain import CapturedRequest
from inspector.domain.content import parse_media_type
from inspector.domain.multipart import Part
from inspector.domain.texts import decode_text_body
from inspector.errors import InspectorError
from inspector.forms import Form, Note
from inspector.reading.files.kinds import FileKind, find_file
from inspector.reading.files.thumbnails import explain_unshown
from inspector.reading.json_notes import JsonNote, find_json_notes
from inspector.reading.layouts.laying_out import LaidOut, lay_out_body, lay_out_text
from inspector.reading.receivers import PHP, SENT
from inspector.reading.tree import Reading
from inspector.web.pages.text import say_number, say_size

MAX_BODY_CHARS = 50_000
MAX_HEX_BYTES = 4_096
MAX_PREVIEW_CHARS = 2_000
MAX_PREVIEW_BYTES = 256
MAX_SHOWN_PARTS = 200
# The length of the layouts of all parts together, in characters.
MAX_LAID_OUT_PARTS_CHARS = 50_000
AS_SENT = "sent"
_HEX_WIDTH = 16


@dataclass(frozen=True, slots=True)
class Preview:
    """Bytes as a reader can take them in: ``text``, or ``hex`` where they are not text.

    ``shown`` of ``total`` are there, counted in characters for text and in bytes for hex.
    """

    text: str | None
    hex: str
    shown: int
    total: int

    @property
    def is_cut(self) -> bool:
        return self.shown < self.total


@dataclass(frozen=True, slots=True)
class FileView:
    """A file known by its first bytes; for a picture that is not shown, the reason."""

    kind: FileKind
    problem: str | None


@dataclass(frozen=True, slots=True)
class PartView:
    """A part of a multipart body with its place in it."""

    index: int
    part: Part
    preview: Preview
    laid_out: LaidOut | None = None
    file: FileView | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """``body`` is the decoded body; ``as_sent`` is there when a content coding was undone.

    ``laid_out`` is the body for reading, ``has_layout`` says that there is one to choose,
    and ``file`` is a body that is one.
    ``parts`` are those that the form does not tell all of, ``more_parts`` counts what is
    not among them for want of room.
    """

    cookies: list[tuple[str, str]]
    notes: list[Note | JsonNote]
    body: Preview
    as_sent: Preview | None
    laid_out: LaidOut | None
    has_layout: bool
    file: FileView | None
    parts: list[PartView]
    more_parts: int
    parts_problem: str | None


def build_content(request: CapturedRequest, receiver: str = PHP, view: str = "") -> Content:
    """Derive what the page shows; cost is bounded whatever the request holds.

    ``receiver`` (see ``reading.receivers``) is whose notes on a form are shown. ``view`` is
    ``sent`` for a body as it was sent, anything else for its layout.
    """
    form = request.form if receiver == SENT else request.form_as(receiver)
    decoded = request.decoded_body
    parts = _list_parts(request)
    laid_out = lay_out_body(request)
    return Content(
        cookies=split_cookies(request.raw_headers),
        notes=[
            *request.query.notes,
            *request.list_form_notes(form),
            *find_json_notes(request),
        ],
        body=preview(decoded, request.body_text, MAX_BODY_CHARS, MAX_HEX_BYTES),
        as_sent=None
        if decoded is request.body
        else preview(request.body, None, MAX_BODY_CHARS, MAX_HEX_BYTES),
        laid_out=None if view == AS_SENT else laid_out,
        has_layout=laid_out is not None,
        file=view_file(decoded, request.find_header("Content-Type") or ""),
        parts=_view_parts(parts[:MAX_SHOWN_PARTS]),
        more_parts=max(0, len(parts) - MAX_SHOWN_PARTS),
        parts_problem=request.parts.problem if request.parts else None,
    )


def find_part(request: CapturedRequest, index: int) -> Part:
    """Raises ``InspectorError`` ``not_found``."""
    parts = request.parts
    if parts is None or index >= len(parts.parts):
        raise InspectorError("not_found", f"This request has no part {index}.")
    return parts.parts[index]


def split_cookies(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The pairs of all Cookie headers in order, as sent; one without ``=`` has an empty value."""
    pairs: list[tuple[str, str]] = []
    for name, value in headers:
        if name.lower() == "cookie":
            for piece in value.split(";"):
                cookie, _, content = piece.strip().partition("=")
                if cookie or content:
                    pairs.append((cookie, content))
    return pairs


def preview(data: bytes, text: str | None, max_chars: int, max_bytes: int) -> Preview:
    """Bound a text, or dump bytes that are none."""
    if text is not None:
        return Preview(text[:max_chars], "", min(len(text), max_chars), len(text))
    shown = data[:max_bytes]
    return Preview(None, dump_hex(shown), len(shown), len(data))


def dump_hex(data: bytes) -> str:
    """Lines of offset, sixteen bytes and the ASCII among them, as ``hexdump -C`` has them."""
    lines: list[str] = []
    rest = iter(data)
    for offset in range(0, len(data), _HEX_WIDTH):
        row = bytes(islice(rest, _HEX_WIDTH))
        left, right = row[:8].hex(" "), row[8:].hex(" ")
        signs = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in row)
        lines.append(f"{offset:08x}  {left:<23}  {right:<23}  |{signs}|")
    return "\n".join(lines)


def _list_parts(request: CapturedRequest) -> list[tuple[int, Part]]:
    """The parts with their places, without those that are fields of the form and nothing more."""
    parts = enumerate(request.parts.parts if request.parts else ())
    others = request.other_parts
    return [(index, part) for index, part in parts if index in others or part.content_type]


def view_file(data: bytes, content_type: str) -> FileView | None:
    """The page's description of a file; None for a text and for unknown bytes."""
    kind = find_file(data, content_type)
    if kind is None:
        return None
    return FileView(kind, explain_unshown(len(data), kind.pixels) if kind.picture else None)


def _view_parts(parts: list[tuple[int, Part]]) -> list[PartView]:
    views, left = [], MAX_LAID_OUT_PARTS_CHARS
    for index, part in parts:
        kind = parse_media_type(part.content_type)
        text = decode_text_body(part.data, kind)
        shown = preview(part.data, text, MAX_PREVIEW_CHARS, MAX_PREVIEW_BYTES)
        laid_out = None
        if text is not None and left > 0:
            laid_out = lay_out_text(text, kind.essence, min(left, MAX_PREVIEW_CHARS))
            left -= min(len(text), MAX_PREVIEW_CHARS) if laid_out else 0
        file = view_file(part.data, part.content_type)
        views.append(PartView(index, part, shown, laid_out, file))
    return views


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page with an address of its own; ``templates/requests/sections/<id>.html``."""

    id: str
    title: str
    count: str
    is_open: bool


def list_sections(
    request: CapturedRequest, content: Content, reading: Reading, *, is_body_asked: bool = False
) -> list[Section]:
    """The sections that have something to show, in the order of the page."""
    pairs = 0 if request.form is None else count_pairs(request.form)
    query = count_pairs(request.query)
    fields = "" if reading.source is None else say_number(reading.total)
    parts = len(content.parts) + content.more_parts
    is_all = reading.source is None and not content.parts
    body = Section("body", "Body", say_size(request.body_size), is_body_asked or is_all)
    # A picture, or a text, is what one came for; of nothing one is told at the end.
    is_first = is_all and request.body_size > 0
    found = (
        (reading.source is not None, Section("fields", "Fields", fields, True)),
        (content.notes, Section("notes", "Notes", say_number(len(content.notes)), True)),
        (parts or content.parts_problem, Section("parts", "Parts", say_number(parts), True)),
        (query, Section("query", "Query", say_number(query), True)),
        (is_first, body),
        (True, Section("headers", "Headers", say_number(len(request.raw_headers)), True)),
        (request.answer, Section("answer", "Answered", _say_answer(request), True)),
        (content.cookies, Section("cookies", "Cookies", say_number(len(content.cookies)), True)),
        (pairs, Section("form", "Form as sent", say_number(pairs), False)),
        (not is_first, body),
    )
    return [section for is_there, section in found if is_there]


def _say_answer(request: CapturedRequest) -> str:
    given = request.answer
    return str(given.status or "") if given else ""


def count_pairs(form: Form) -> int:
    """The number of pairs that were sent, listed or not."""
    return len(form.pairs) + form.unlisted
