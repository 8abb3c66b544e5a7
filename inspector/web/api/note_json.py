"""The API's JSON types for the notes on a captured request."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypedDict

from inspector.web.api.pairs import SENT_PAIRS
from inspector.web.api.schema import About


class NoteJson(TypedDict):
    """A field that the receiver drops or changes, or that is odd."""

    code: str
    name: Annotated[str, About("The field's name as sent.")]
    message: str


class LostJson(TypedDict):
    """A field that was sent and that PHP would not read."""

    name: Annotated[str, About("The field's name as sent.")]
    message: Annotated[str, About("The outcome and its reason.")]


class JsonNoteJson(TypedDict):
    """A note on a JSON body: the place of a break, or an oddity."""

    code: str
    name: Annotated[str, About("The path of the field it is about, or empty.")]
    message: str
    line: int | None
    column: int | None


class EventJson(TypedDict):
    """The event at the helpdesk."""

    type: str | None
    method: str | None
    performer: str | None


class RefusedJson(TypedDict):
    """The error with which a request was answered although it was kept."""

    status: int
    reason: str


class DetectedJson(TypedDict):
    """The type of a body where its header says otherwise or nothing."""

    type: Annotated[str, About("The media type by the body's content.")]
    declared: Annotated[str | None, About("The one that was sent; null without a Content-Type.")]
    reason: Annotated[str, About("The reason, and what to do, in a sentence.")]


class SenderJson(TypedDict):
    """The service that sent a webhook, known by what it documents."""

    name: str
    event: Annotated[
        str | None, About("The event by the sender's name for it, like issues.opened.")
    ]
    delivery: Annotated[str | None, About("The id that a delivery keeps when it is tried again.")]


class ParsedJson(TypedDict):
    """A body as nested data."""

    format: Literal["xml", "msgpack", "cbor", "protobuf"]
    value: Annotated[
        Any, About("Nested data; null when it could not be read. In XML @name is an attribute.")
    ]
    problem: Annotated[str | None, About("The reason why it could not be read, in a sentence.")]


class AttemptJson(TypedDict):
    """The try of a delivery that a request is."""

    number: Annotated[int, About("1, 2, ... for the first try, the second, ...")]
    first: Annotated[str, About("The id of the first try's request.")]
    previous: Annotated[str | None, About("The id of the try before; null for the first.")]
    after_s: Annotated[float | None, About("Seconds since the try before; null for the first.")]
    by: Annotated[
        Literal["delivery", "body"],
        About(
            "The evidence that the tries belong together: the delivery's id, or equal bodies "
            "within minutes."
        ),
    ]


class SignatureJson(TypedDict):
    """A signature, checked with the bin's secrets as they are now."""

    scheme: str
    result: Literal["valid", "invalid", "absent", "unchecked"]
    reason: Annotated[str, About("A sentence.")]
    timestamp: Annotated[float | None, About("The time of signing, in seconds since the epoch.")]
    age_s: Annotated[float | None, About("The age of that time when the request came.")]


class WireNoteJson(TypedDict):
    """Something odd about how a request was framed."""

    code: str
    message: str


class HeaderNoteJson(TypedDict):
    """Something unusual in the headers of a request."""

    code: str
    name: Annotated[str, About("The header that it is about.")]
    message: str


class EntryJson(TypedDict):
    """A file in an archive."""

    name: str
    size: Annotated[int, About("In bytes, unpacked, as the archive claims it.")]


class FileJson(TypedDict):
    """A file that is no text, known by its first bytes."""

    kind: Annotated[str, About("For people: PNG picture, ZIP archive.")]
    facts: Annotated[list[str], About("Facts from its header: 640 × 480 pixels.")]
    entries: Annotated[list[EntryJson], About("An archive's, at most 100.")]
    entry_count: Annotated[int | None, About("All entries; null when it is no archive.")]


class PartJson(TypedDict):
    """One part of a multipart body."""

    name: str | None
    filename: Annotated[str | None, About("Null when it is no file.")]
    content_type: Annotated[str | None, About("As the part says.")]
    headers: Annotated[
        list[list[str]], About("The part's own, names and values in order.", schema=SENT_PAIRS)
    ]
    size: Annotated[int, About("The size of the content in bytes.")]
    file: Annotated[
        FileJson | None, About("The kind of the content where it is no text, if it is known.")
    ]
