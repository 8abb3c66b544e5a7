"""A captured request as the API's JSON; the types are what the description publishes."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal, NotRequired, TypedDict, cast

from inspector.domain import CapturedRequest
from inspector.domain.json_bodies import write_json_line
from inspector.forms import Form, Note, to_json_safe
from inspector.reading.columns import read_columns
from inspector.reading.files.kinds import find_file
from inspector.reading.headers import find_header_notes
from inspector.reading.json_notes import find_json_notes
from inspector.web.api.answer_json import GivenAnswerJson, answer_to_json
from inspector.web.api.note_json import (
    AttemptJson,
    DetectedJson,
    EventJson,
    FileJson,
    HeaderNoteJson,
    JsonNoteJson,
    LostJson,
    NoteJson,
    ParsedJson,
    PartJson,
    RefusedJson,
    SenderJson,
    SignatureJson,
    WireNoteJson,
)
from inspector.web.api.pairs import MOMENT, SENT_PAIRS
from inspector.web.api.relay_json import RelayOutcomeJson, outcome_to_json
from inspector.web.api.schema import About

PHP = "php"
AS_RECEIVER = About(
    "The receiver whose reading of a form is given: PHP, Rack (Rails, Sinatra), qs, Express with "
    "body-parser's settings, or flat names with lists of values (Flask, Django, Go)."
)
Receiver = Literal["php", "rack", "qs", "express", "flat"]


class WireJson(TypedDict):
    """A request as it went over the wire."""

    http_version: str
    request_line: str
    raw_headers: Annotated[
        list[list[str]],
        About("Names and values in order, case and repeats as sent.", schema=SENT_PAIRS),
    ]
    head_base64: Annotated[str, About("Request line and header lines, byte for byte.")]
    body_base64: Annotated[str, About("The body as received, as far as it was kept.")]
    body_size: Annotated[int, About("The size of the sent body in bytes.")]
    truncated: Annotated[bool, About("True when only the first part of the body was kept.")]
    chunked: Annotated[bool, About("True when the body came in chunks.")]
    trailers: Annotated[list[list[str]], About("The trailer of a chunked body.", schema=SENT_PAIRS)]
    chunk_extensions: Annotated[list[str], About("The text behind the sizes of chunks.")]
    leftover_base64: Annotated[
        str, About("Bytes after the request that are not the beginning of another, at most 64 KiB.")
    ]
    header_notes: Annotated[
        list[HeaderNoteJson], About("Unusual things in its headers: missing, repeated or odd ones.")
    ]
    wire_notes: Annotated[list[WireNoteJson], About("Odd things in its framing.")]
    fidelity: Annotated[
        str, About("exact (as it came), rebuilt (by another server) or imported (from a file).")
    ]


class RequestJson(WireJson):
    """A captured request."""

    id: Annotated[str, About("Opaque; also what before and after take.")]
    number: Annotated[int, About("1, 2, ... within the bin, by arrival; never used again.")]
    method: str
    path: Annotated[str, About("As sent, undecoded, with the bin's name, without the query.")]
    query_string: Annotated[dict[str, Any], About("Names as sent; a repeated name has a list.")]
    headers: Annotated[dict[str, str], About("Repeated names joined with a comma.")]
    form_data: Annotated[
        list[list[str]], About("Flat names and values in wire order.", schema=SENT_PAIRS)
    ]
    body: Annotated[str | None, About("As text, decompressed; null when it is not text.")]
    content_length: Annotated[int, About("The size of the sent body in bytes.")]
    content_type: str | None
    detected: DetectedJson | None
    sender: SenderJson | None
    attempt: Annotated[
        AttemptJson | None,
        About("Null without an id of the delivery, unless an equal body came shortly before."),
    ]
    title: Annotated[str, About("A title for its content; without one its method and path.")]
    remote_addr: Annotated[
        str, About("The address of the sender: the peer's, or the one that a trusted proxy names.")
    ]
    peer: Annotated[str, About("The other end of the connection.")]
    time: Annotated[float, About("Seconds since the epoch.")]
    received_at: Annotated[str, About("ISO 8601, UTC, to the microsecond.", schema=MOMENT)]
    pinned: Annotated[bool, About("True to keep it when the bin is full or it is too old.")]
    note: Annotated[str | None, About("The note that someone has put on it.")]
    refused: RefusedJson | None
    answer: Annotated[GivenAnswerJson | None, About("The response that its sender got.")]
    relay: Annotated[RelayOutcomeJson | None, About("Null for one that was not passed on.")]
    signatures: Annotated[list[SignatureJson], About("Each scheme it is signed by, or should be.")]
    form: Annotated[
        dict[str, Any] | None,
        About(
            "The form, urlencoded or in parts, nested as PHP nests it, in PHP's order; with as, as "
            "another receiver reads it."
        ),
    ]
    form_notes: list[NoteJson]
    form_lost: Annotated[
        list[LostJson],
        About("Fields that PHP would not read, or not under the names sent; the first 1,000."),
    ]
    form_refusal: Annotated[
        str | None,
        About("The error with which the receiver of as rejects the form; null when it takes it."),
    ]
    ticket: Annotated[Any, About("This part of the form or the JSON; null where absent.")]
    person_context: Annotated[Any, About("This part of the form or the JSON; null where absent.")]
    custom_data: Annotated[
        Any, About("This part of the form or the JSON: empty when sent empty, null when not sent.")
    ]
    event: EventJson | None
    parts: Annotated[list[PartJson], About("The parts of a multipart body, files included.")]
    file: Annotated[
        FileJson | None, About("The kind of the body where it is no text, if it is known.")
    ]
    parsed: Annotated[
        ParsedJson | None,
        About("The body as nested data where it is XML, MessagePack, CBOR or protobuf."),
    ]
    columns: NotRequired[
        Annotated[
            dict[str, str | None],
            About("The texts of the fields that columns asked for; null for one not sent."),
        ]
    ]
    json_notes: Annotated[
        list[JsonNoteJson],
        About("Reasons why a body of type JSON is not JSON, and oddities in one that is."),
    ]
    json: Annotated[
        Any, About("The body parsed, when it is JSON by type or by content; numbers as written.")
    ]


def request_to_json(request: CapturedRequest, dialect: str = PHP) -> RequestJson:
    """All that is known of a request, its form as the receiver ``dialect`` reads it.

    Key order inside ``form`` is the receiver's: never sort it.
    """
    read = _read_to_json(request, dialect)
    return to_json_safe(cast("RequestJson", _sent_to_json(request) | read))


def _sent_to_json(request: CapturedRequest) -> dict[str, Any]:
    """The request as it came over the wire, and the response."""
    return {
        "id": request.id,
        "number": request.number,
        "method": request.method,
        "path": request.path,
        "headers": request.headers,
        "content_length": request.body_size,
        "content_type": request.find_header("Content-Type"),
        "remote_addr": request.remote_addr,
        "peer": request.peer,
        "time": request.received_us / 1_000_000,
        "received_at": request.received_at.isoformat(timespec="microseconds"),
        **wire_to_json(request),
        "pinned": request.pinned,
        "note": request.note,
        "refused": refusal_to_json(request),
        "signatures": [check._asdict() for check in request.signatures],
        "answer": None if request.answer is None else answer_to_json(request.answer),
        "relay": outcome_to_json(request.relay),
    }


def _read_to_json(request: CapturedRequest, dialect: str) -> dict[str, Any]:
    """The content of query and body."""
    form = request.form_as(dialect)
    return {
        "query_string": query_to_json(request.query),
        "form_data": flat_form(request.form),
        "body": request.body_text,
        **_tell_sender(request),
        "form": getattr(form, "value", None),
        "form_notes": notes_to_json(request.list_form_notes(form)),
        "form_lost": [
            {"name": each.name, "message": each.message} for each in request.losses.fields
        ],
        "form_refusal": (form.refusal or None) if form is not None and dialect != PHP else None,
        "ticket": request.ticket,
        "person_context": request.person_context,
        "custom_data": request.custom_data,
        "event": event_to_json(request),
        "parts": parts_to_json(request),
        "json_notes": json_notes_to_json(request),
        "json": request.json,
        "file": file_to_json(request.decoded_body, request.find_header("Content-Type") or ""),
        "parsed": None if request.parsed is None else request.parsed._asdict(),
    }


def _tell_sender(request: CapturedRequest) -> dict[str, Any]:
    detected, sender = request.detected, request.sender
    return {
        "detected": None if detected is None else detected._asdict(),
        "sender": None if sender is None else sender._asdict(),
        "attempt": None if request.attempt is None else request.attempt._asdict(),
        "title": request.title,
    }


def wire_to_json(request: CapturedRequest) -> WireJson:
    """The request as it was sent: lines, bytes, framing."""
    return {
        "http_version": request.http_version,
        "request_line": request.request_line,
        "raw_headers": [list(pair) for pair in request.raw_headers],
        "head_base64": b64encode(request.raw_head).decode(),
        "body_base64": b64encode(request.body).decode(),
        "body_size": request.body_size,
        "truncated": request.truncated,
        "chunked": request.chunked,
        "trailers": [list(pair) for pair in request.trailers],
        "chunk_extensions": request.chunk_extensions,
        "leftover_base64": b64encode(request.wire.leftover).decode(),
        "header_notes": [
            {"code": note.code, "name": note.name, "message": note.message}
            for note in find_header_notes(request)
        ],
        "wire_notes": [{"code": note.code, "message": note.message} for note in request.wire.notes],
        "fidelity": request.fidelity,
    }


def render_request(
    request: CapturedRequest, dialect: str = PHP, columns: tuple[str, ...] = ()
) -> bytes:
    """The request as JSON in one line of UTF-8, the numbers of its body as they were sent."""
    found = _sent_to_json(request) | _read_to_json(request, dialect)
    if columns:
        found["columns"] = read_columns(request, columns)
    return write_json_line(found)


def query_to_json(query: Form) -> dict[str, Any]:
    """Names as sent, not as PHP bends them; repeated ones as lists."""
    found: dict[str, Any] = {}
    for name, value in query.iterate_fields():
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    return found


def flat_form(form: Form | None) -> list[list[str]]:
    """``[[name, value], ...]`` in wire order, dropped pairs too; empty when it is no form."""
    return [] if form is None else [[*field] for field in form.iterate_fields()]


def notes_to_json(notes: Iterable[Note]) -> list[NoteJson]:
    """Dropped, changed and odd fields of a form."""
    return [{"code": note.code, "name": note.name, "message": note.message} for note in notes]


def parts_to_json(request: CapturedRequest) -> list[PartJson]:
    """The parts of a multipart body; none when it is no such body."""
    found = request.parts
    return [
        {
            "name": each.name,
            "filename": each.filename,
            "content_type": each.content_type or None,
            "headers": [list(pair) for pair in each.raw_headers],
            "size": len(each.data),
            "file": file_to_json(each.data, each.content_type),
        }
        for each in (() if found is None else found.parts)
    ]


def file_to_json(data: bytes, content_type: str) -> FileJson | None:
    """The kind of a file; None for a text, and for what is not known."""
    kind = find_file(data, content_type)
    if kind is None:
        return None
    listing = kind.listing
    return {
        "kind": kind.name,
        "facts": list(kind.facts),
        "entries": [{"name": each.name, "size": each.size} for each in listing.entries]
        if listing
        else [],
        "entry_count": listing.total if listing else None,
    }


def json_notes_to_json(request: CapturedRequest) -> list[JsonNoteJson]:
    """Notes on a JSON body."""
    return [
        {
            "code": note.code,
            "name": note.name,
            "message": note.message,
            "line": note.line,
            "column": note.column,
        }
        for note in find_json_notes(request)
    ]


def event_to_json(request: CapturedRequest) -> EventJson | None:
    """The event, or null when no event field was sent."""
    event = request.event
    if event is None:
        return None
    return {"type": event.type, "method": event.method, "performer": event.performer}


def refusal_to_json(request: CapturedRequest) -> RefusedJson | None:
    """The error with which it was answered although it was kept; null for none."""
    if request.refusal is None:
        return None
    return {"status": request.refusal.status, "reason": request.refusal.reason}


def render_array(
    requests: Iterable[CapturedRequest], columns: tuple[str, ...] = ()
) -> Iterator[bytes]:
    """A JSON array of requests, one after the other, each with the texts of these fields."""
    lead = b"["
    for each in requests:
        yield lead + render_request(each, columns=columns)
        lead = b",\n"
    yield b"[]\n" if lead == b"[" else b"]\n"
