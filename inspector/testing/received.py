"""A request as a test looks at it: the fields of the API's JSON as attributes."""

from __future__ import annotations

from functools import cached_property
from typing import Any, cast

from inspector.domain.headers import Headers
from inspector.forms import to_json_safe
from inspector.reading.content import find_content
from inspector.reading.matching import explain_absent, explain_odd_type
from inspector.reading.paths import MISSING, find_value, parse_path
from inspector.reading.text import escape_invisible, shorten
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

    @property
    def id(self) -> str:
        return self.captured.id

    @property
    def number(self) -> int:
        """1, 2, ... within the bin, in the order of arrival."""
        return self.captured.number

    @property
    def method(self) -> str:
        return self.captured.method

    @property
    def path(self) -> str:
        """The path as sent, with the bin's name."""
        return self.captured.path

    @property
    def sub_path(self) -> str:
        """The path below the bin's name: ``""`` or ``"/..."``."""
        return self.captured.sub_path

    @property
    def query_string(self) -> dict[str, Any]:
        """By name; a repeated name has a list."""
        found: dict[str, Any] = self._json["query_string"]
        return found

    @cached_property
    def headers(self) -> Headers:
        return Headers(self._json["headers"])

    @property
    def raw_headers(self) -> list[list[str]]:
        """``[[name, value], ...]`` exactly as sent: order, case, repeats."""
        found: list[list[str]] = self._json["raw_headers"]
        return found

    @property
    def body(self) -> bytes:
        """The bytes as received."""
        return self.captured.body

    @property
    def text(self) -> str | None:
        """The body as text, its content coding undone; None when it is not text."""
        return self.captured.body_text

    @property
    def body_size(self) -> int:
        return self.captured.body_size

    @property
    def body_base64(self) -> str:
        return str(self._json["body_base64"])

    @property
    def content_length(self) -> int:
        return int(self._json["content_length"])

    @property
    def content_type(self) -> str | None:
        found: str | None = self._json["content_type"]
        return found

    @property
    def form_data(self) -> list[list[str]]:
        """``[[name, value], ...]`` in wire order."""
        found: list[list[str]] = self._json["form_data"]
        return found

    @property
    def form(self) -> dict[str, Any] | None:
        """The form as PHP nests it, None when the body is none."""
        found: dict[str, Any] | None = self._json["form"]
        return found

    @property
    def form_notes(self) -> list[dict[str, str]]:
        """Notes on fields that PHP drops or changes."""
        found: list[dict[str, str]] = self._json["form_notes"]
        return found

    @property
    def form_lost(self) -> list[dict[str, str]]:
        """Fields that were sent and that PHP would not read: ``name`` and ``message``."""
        found: list[dict[str, str]] = self._json["form_lost"]
        return found

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

    @property
    def ticket(self) -> Any:
        """The ticket of the form or the JSON, None when there is none."""
        return self._json["ticket"]

    @property
    def person_context(self) -> Any:
        """None when neither the form nor the JSON has one."""
        return self._json["person_context"]

    @property
    def custom_data(self) -> Any:
        """``""`` when sent empty, None when not sent."""
        return self._json["custom_data"]

    @property
    def event(self) -> dict[str, str | None] | None:
        """``type``, ``method`` and ``performer``; None when none of them was sent."""
        found: dict[str, str | None] | None = self._json["event"]
        return found

    @property
    def json(self) -> Any:
        """The parsed body when it is JSON, else None."""
        return self._json["json"]

    @property
    def file(self) -> dict[str, Any] | None:
        """The ``kind``, ``facts`` and ``entries`` of a body that is a file, None of a text."""
        return cast("dict[str, Any] | None", self._json["file"])

    @property
    def parsed(self) -> dict[str, Any] | None:
        """The ``format``, ``value`` and ``problem`` of XML, MessagePack, CBOR or protobuf.

        None for any other body; ``at`` and ``where`` look into the value.
        """
        found: dict[str, Any] | None = self._json["parsed"]
        return found

    @property
    def json_notes(self) -> list[dict[str, Any]]:
        """Notes on a body whose type is JSON: breaks and oddities."""
        found: list[dict[str, Any]] = self._json["json_notes"]
        return found

    @property
    def detected(self) -> dict[str, str | None] | None:
        """``type``, ``declared`` and ``reason`` where the body is not of its type, else None."""
        found: dict[str, str | None] | None = self._json["detected"]
        return found

    @property
    def sender(self) -> dict[str, str | None] | None:
        """``name``, ``event`` and ``delivery`` of a known sender, else None."""
        found: dict[str, str | None] | None = self._json["sender"]
        return found

    @property
    def attempt(self) -> dict[str, Any] | None:
        """``number``, ``first``, ``previous``, ``after_s`` and ``by`` of its delivery's try.

        None without a delivery's id, unless an equal body came within minutes before.
        """
        found: dict[str, Any] | None = self._json["attempt"]
        return found

    @property
    def pinned(self) -> bool:
        """True when neither capacity nor age takes it away."""
        return self.captured.pinned

    @property
    def note(self) -> str | None:
        return self.captured.note

    @property
    def title(self) -> str:
        """The subject or title of what was sent, else method and path."""
        return str(self._json["title"])

    @property
    def remote_addr(self) -> str:
        return str(self._json["remote_addr"])

    @property
    def peer(self) -> str:
        """The other end of the connection, which may be a proxy."""
        return str(self._json["peer"])

    @property
    def time(self) -> float:
        """Seconds since the epoch."""
        return float(self._json["time"])

    @property
    def received_at(self) -> str:
        """ISO 8601, UTC, microseconds."""
        return str(self._json["received_at"])

    @property
    def http_version(self) -> str:
        return self.captured.http_version

    @property
    def request_line(self) -> str:
        return self.captured.request_line

    @property
    def truncated(self) -> bool:
        return self.captured.truncated

    @property
    def chunked(self) -> bool:
        return self.captured.chunked

    @property
    def trailers(self) -> list[list[str]]:
        """Names and values of a chunked body's trailer."""
        return [list(pair) for pair in self.captured.trailers]

    @property
    def chunk_extensions(self) -> list[str]:
        """The chunk extensions, semicolon included."""
        return self.captured.chunk_extensions

    @property
    def leftover_base64(self) -> str:
        """Bytes that came behind the request and begin no other."""
        return str(self._json["leftover_base64"])

    @property
    def header_notes(self) -> list[dict[str, str]]:
        """Notes on unusual headers: ``code``, ``name`` and ``message``."""
        found: list[dict[str, str]] = self._json["header_notes"]
        return found

    @property
    def wire_notes(self) -> list[dict[str, str]]:
        """Notes on the framing: ``code`` and ``message``."""
        found: list[dict[str, str]] = self._json["wire_notes"]
        return found

    @property
    def fidelity(self) -> str:
        """``exact``, or ``rebuilt`` when another server had changed it before."""
        return self.captured.fidelity

    @property
    def head_base64(self) -> str:
        """Request line and header lines, byte for byte."""
        return str(self._json["head_base64"])

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
