"""A request as a test looks at it: the fields of the API's JSON as attributes."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from inspector.domain.headers import Headers
from inspector.forms import to_json_safe
from inspector.reading.content import find_content
from inspector.reading.matching import explain_absent, explain_odd_type
from inspector.reading.paths import MISSING, find_value, parse_path
from inspector.reading.text import escape_invisible, shorten
from inspector.testing.attributes import CapturedField, JsonField
from inspector.testing.outcomes import RequestOutcome
from inspector.testing.parts import ReceivedPart


class FieldNotFoundError(LookupError):
    """The request has no such field; the message says what it has there."""


class ReceivedRequest(RequestOutcome):
    """One request that came to a bin.

    Nested values are plain dicts, lists and texts, so that ``==`` and pytest's
    diff work on them; a form's values are always texts.
    """

    def to_json(self) -> dict[str, Any]:
        """The API's JSON of this request."""
        return {**self._json, "answer": self.answer}

    def at(self, path: str, default: Any = MISSING) -> Any:
        """The field at a path of the form or the JSON: ``ticket.participants[0].person.name``.

        Raises ``FieldNotFoundError`` where there is none and no ``default`` was given,
        ``ValueError`` when ``path`` is no path.
        """
        __tracebackhide__ = True
        keys = parse_path(path)
        source, root = find_content(self.captured)
        value = MISSING if source is None else find_value(root, keys)
        if value is not MISSING:
            return value
        if default is not MISSING:
            return default
        from inspector.reading.json_notes import explain_unread  # most fields are there

        reason = (
            explain_absent(self.captured, root, keys)
            if source
            else (explain_odd_type(self.captured) or explain_unread(self.captured))
        )
        raise FieldNotFoundError(f"{self!r} has no {path}: {reason}.")

    id: CapturedField[str] = CapturedField()
    number: CapturedField[int] = CapturedField("1, 2, ... within the bin, in the order of arrival.")
    method: CapturedField[str] = CapturedField()
    path: CapturedField[str] = CapturedField("The path as sent, with the bin's name.")
    sub_path: CapturedField[str] = CapturedField(
        'The path below the bin\'s name: ``""`` or ``"/..."``.'
    )
    query_string: JsonField[dict[str, Any]] = JsonField("By name; a repeated name has a list.")

    @cached_property
    def headers(self) -> Headers:
        return Headers(self._json["headers"])

    raw_headers: JsonField[list[list[str]]] = JsonField(
        "``[[name, value], ...]`` exactly as sent: order, case, repeats."
    )
    body: CapturedField[bytes] = CapturedField("The bytes as received.")

    @property
    def text(self) -> str | None:
        """The body as text, its content coding undone; None when it is not text."""
        return self.captured.body_text

    body_size: CapturedField[int] = CapturedField()
    body_base64: JsonField[str] = JsonField()
    content_length: JsonField[int] = JsonField()
    content_type: JsonField[str | None] = JsonField()
    form_data: JsonField[list[list[str]]] = JsonField("``[[name, value], ...]`` in wire order.")
    form: JsonField[dict[str, Any] | None] = JsonField(
        "The form as PHP nests it, None when the body is none."
    )
    form_notes: JsonField[list[dict[str, str]]] = JsonField(
        "Notes on fields that PHP drops or changes."
    )
    form_lost: JsonField[list[dict[str, str]]] = JsonField(
        "Fields that were sent and that PHP would not read: ``name`` and ``message``."
    )

    @cached_property
    def parts(self) -> list[ReceivedPart]:
        """The parts of a multipart body, in order; empty when it is none."""
        found = self.captured.parts
        return [] if found is None else [ReceivedPart(each) for each in found.parts]

    @property
    def files(self) -> dict[str, ReceivedPart]:
        """The parts with a file name, by their name; of a repeated one the first."""
        found: dict[str, ReceivedPart] = {}
        for part in self.parts:
            if part.filename is not None:
                found.setdefault(part.name or "", part)
        return found

    @property
    def form_refusal(self) -> None:
        """None: PHP refuses no form; see ``form_as`` for others."""
        return None

    def form_as(self, receiver: str) -> dict[str, Any] | None:
        """The form as ``rack``, ``qs``, ``express``, ``flat`` or ``php`` reads it.

        ``rack`` stands for Rails and Sinatra, ``flat`` for Flask, Django and Go. None when
        the body is no form. Raises ``ValueError`` for an unknown receiver, ``AssertionError``
        with its answer for a form that the receiver refuses.
        """
        __tracebackhide__ = True
        form = self.captured.form_as(receiver)
        if form is not None and form.refusal:
            raise AssertionError(form.refusal)
        return None if form is None else to_json_safe(form.value)

    ticket: JsonField[Any] = JsonField(
        "The ticket of the form or the JSON, None when there is none."
    )
    person_context: JsonField[Any] = JsonField("None when neither the form nor the JSON has one.")
    custom_data: JsonField[Any] = JsonField('``""`` when sent empty, None when not sent.')
    event: JsonField[dict[str, str | None] | None] = JsonField(
        "``type``, ``method`` and ``performer``; None when none of them was sent."
    )
    json: JsonField[Any] = JsonField("The parsed body when it is JSON, else None.")
    file: JsonField[dict[str, Any] | None] = JsonField(
        "The ``kind``, ``facts`` and ``entries`` of a body that is a file, None of a text."
    )
    parsed: JsonField[dict[str, Any] | None] = JsonField(
        "The ``format``, ``value`` and ``problem`` of XML, MessagePack, CBOR or protobuf. None for "
        "any other body; ``at`` and ``where`` look into the value."
    )
    json_notes: JsonField[list[dict[str, Any]]] = JsonField(
        "Notes on a body whose type is JSON: breaks and oddities."
    )
    detected: JsonField[dict[str, str | None] | None] = JsonField(
        "``type``, ``declared`` and ``reason`` where the body is not of its type, else None."
    )
    sender: JsonField[dict[str, str | None] | None] = JsonField(
        "``name``, ``event`` and ``delivery`` of a known sender, else None."
    )
    attempt: JsonField[dict[str, Any] | None] = JsonField(
        "``number``, ``first``, ``previous``, ``after_s`` and ``by`` of its delivery's try. None "
        "without a delivery's id, unless an equal body came within minutes before."
    )
    pinned: CapturedField[bool] = CapturedField("True when neither capacity nor age takes it away.")
    note: CapturedField[str | None] = CapturedField()
    title: JsonField[str] = JsonField(
        "The subject or title of what was sent, else method and path."
    )
    remote_addr: JsonField[str] = JsonField()
    peer: JsonField[str] = JsonField("The other end of the connection, which may be a proxy.")
    time: JsonField[float] = JsonField("Seconds since the epoch.")
    received_at: JsonField[str] = JsonField("ISO 8601, UTC, microseconds.")
    http_version: CapturedField[str] = CapturedField()
    request_line: CapturedField[str] = CapturedField()
    truncated: CapturedField[bool] = CapturedField()
    chunked: CapturedField[bool] = CapturedField()

    @property
    def trailers(self) -> list[list[str]]:
        """Names and values of a chunked body's trailer."""
        return [list(pair) for pair in self.captured.trailers]

    chunk_extensions: CapturedField[list[str]] = CapturedField(
        "The chunk extensions, semicolon included."
    )
    leftover_base64: JsonField[str] = JsonField(
        "Bytes that came behind the request and begin no other."
    )
    header_notes: JsonField[list[dict[str, str]]] = JsonField(
        "Notes on unusual headers: ``code``, ``name`` and ``message``."
    )
    wire_notes: JsonField[list[dict[str, str]]] = JsonField(
        "Notes on the framing: ``code`` and ``message``."
    )
    fidelity: CapturedField[str] = CapturedField(
        "``exact``, or ``rebuilt`` when another server had changed it before."
    )
    head_base64: JsonField[str] = JsonField("Request line and header lines, byte for byte.")

    def __repr__(self) -> str:
        return f"<{self.summary}>"

    @property
    def summary(self) -> str:
        """One line: number, method, path, what the body is, which ticket."""
        captured = self.captured
        target = captured.path + (
            f"?{captured.raw_query.decode('latin-1')}" * bool(captured.raw_query)
        )
        parts = [f"#{self.number} {shorten(self.method, 20)} {shorten(target, 100)}"]
        if captured.body_size:
            kind = shorten(captured.media_type.essence) or "no content type"
            parts.append(f"{kind}, {captured.body_size:,} bytes")
        told = captured.summary
        if told.ticket_id is not None or told.subject is not None:
            subject = "" if told.subject is None else f" {shorten(told.subject)!r}"
            parts.append(f"ticket {shorten(told.ticket_id or '?', 20)}{subject}")
        if told.event is not None:
            parts.append(f"event {shorten(told.event)}")
        if captured.refusal is not None:
            parts.append(f"refused with {captured.refusal.status}")
        return escape_invisible("  ".join(parts))
