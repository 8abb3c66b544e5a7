"""An HTTP message as bytes, and everything that is derived from them.

Captured requests and deliveries share it. Nothing is kept beside the bytes: each
property is worked out from the raw head and the body when it is asked for, once an
object. A better parser improves old captures too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote_to_bytes

from inspector.capture import find_sub_path, split_headers, split_request_line, split_target
from inspector.domain.content import (
    MAX_DECODED_BYTES,
    DecodedContent,
    MediaType,
    decode_content,
    decode_text,
    parse_media_type,
)
from inspector.domain.detection import (
    JSON_TYPE,
    LINES_TYPE,
    Detected,
    detect,
    is_lines_type,
    parse_lines,
)
from inspector.domain.headers import join_headers
from inspector.domain.json_bodies import parse_sent_json
from inspector.domain.multipart import MAX_PARTS, Part, PartList, is_told, split_parts
from inspector.domain.summaries import LISTED_BODY_BYTES, RequestSummary, recall_summary
from inspector.domain.texts import decode_text_body, recode
from inspector.forms import Form, Note, parse
from inspector.forms.dialects import find_dialect
from inspector.forms.losses import Losses, find_losses
from inspector.forms.methods import note_on_method
from inspector.forms.named_charsets import find_named_charset, note_on_charset
from inspector.forms.parser import MAX_DEPTH, MAX_VARIABLES

if TYPE_CHECKING:
    from inspector.domain.formats.parsing import Parsed
    from inspector.domain.senders.identifying import Identity
    from inspector.domain.senders.shapes import FoundSender

FORM_TYPE = "application/x-www-form-urlencoded"
PARTS_TYPE = "multipart/form-data"


class Event(NamedTuple):
    """The event at the helpdesk: ``event_type``, ``event_method``, ``event_performer``."""

    type: str | None
    method: str | None
    performer: str | None


class BodyLimits(NamedTuple):
    """Limits on reading a body: decoded bytes, parts, and what PHP takes of a form.

    ``max_variables`` and ``max_depth`` are PHP's ``max_input_vars`` and
    ``max_input_nesting_level``.
    """

    max_variables: int = MAX_VARIABLES
    max_depth: int = MAX_DEPTH
    max_decoded_bytes: int = MAX_DECODED_BYTES
    max_parts: int = MAX_PARTS


USUAL_LIMITS = BodyLimits()


@dataclass(frozen=True, kw_only=True)
class Message:
    """A request as it went over the wire.

    ``raw_head`` has the request line and the header lines, ``body`` what followed them,
    without transfer coding; both are bytes as received or sent. ``received_us`` is the
    moment of that, in microseconds since 1970 UTC. ``truncated`` when only the beginning
    of the body is here. ``limits`` bounds what is read.
    """

    raw_head: bytes
    body: bytes
    received_us: int = 0
    truncated: bool = False
    limits: BodyLimits = USUAL_LIMITS

    @property
    def received_at(self) -> datetime:
        """Aware, UTC, to the microsecond."""
        return datetime.fromtimestamp(self.received_us / 1_000_000, tz=UTC)

    @cached_property
    def request_line(self) -> str:
        return decode_text(self.raw_head.partition(b"\n")[0].rstrip(b"\r"))

    @cached_property
    def method(self) -> str:
        return decode_text(split_request_line(self.raw_head)[0])

    @cached_property
    def target(self) -> str:
        """The request target: path and query as sent, undecoded."""
        return decode_text(split_request_line(self.raw_head)[1])

    @cached_property
    def http_version(self) -> str:
        """``"1.1"``; empty when the line named none."""
        return decode_text(split_request_line(self.raw_head)[2]).upper().removeprefix("HTTP/")

    @cached_property
    def path(self) -> str:
        """The path as sent, with the bin's name, undecoded."""
        return decode_text(self._split_target[0])

    @cached_property
    def decoded_path(self) -> str:
        return unquote_to_bytes(self._split_target[0]).decode("utf-8", "replace")

    @cached_property
    def sub_path(self) -> str:
        """The path below the bin's name, as sent: ``""`` or ``"/..."``."""
        return find_sub_path(self.path)

    @cached_property
    def raw_query(self) -> bytes:
        return self._split_target[1]

    @cached_property
    def _split_target(self) -> tuple[bytes, bytes]:
        return split_target(split_request_line(self.raw_head)[1])

    @cached_property
    def query(self) -> Form:
        """The query string read as PHP reads ``$_GET``."""
        return parse(self.raw_query)

    @cached_property
    def raw_headers(self) -> list[tuple[str, str]]:
        """Names and values in order, case and repeats as sent."""
        pairs = split_headers(self.raw_head)
        return [(decode_text(name), decode_text(value)) for name, value in pairs]

    @cached_property
    def headers(self) -> dict[str, str]:
        """The headers by name, each in the case it first came in; repeats joined with ``", "``."""
        return join_headers(self.raw_headers)

    def find_header(self, name: str) -> str | None:
        """The value of a header by name, any case, repeats joined; None when it was not sent."""
        return self._headers_by_name.get(name.lower())

    @cached_property
    def _headers_by_name(self) -> dict[str, str]:
        return {name.lower(): value for name, value in self.headers.items()}

    @cached_property
    def media_type(self) -> MediaType:
        return parse_media_type(self.find_header("Content-Type") or "")

    @cached_property
    def decoded_body(self) -> bytes:
        """The body with its content coding undone (bounded), or as sent when that fails."""
        return self.content.data

    @cached_property
    def content(self) -> DecodedContent:
        """The body with its content coding undone, and what was in the way."""
        coding = self.find_header("Content-Encoding") or ""
        return decode_content(self.body, coding, max_bytes=self.limits.max_decoded_bytes)

    @cached_property
    def body_text(self) -> str | None:
        """The decoded body as text, odd bytes surrogate-escaped; None when it is not text."""
        return decode_text_body(self.decoded_body, self.media_type)

    @cached_property
    def detected(self) -> Detected | None:
        """The type of the body where it is another than its headers say; see ``detect``."""
        if self.truncated or self.content.problem:
            return None
        return detect(self.json_bytes, self.media_type)

    @property
    def essence(self) -> str:
        """The media type that the body is read as: the detected one before the declared one."""
        return self.media_type.essence if self.detected is None else self.detected.type

    @property
    def is_form(self) -> bool:
        return self.form is not None

    @property
    def is_json(self) -> bool:
        """True for JSON and JSON lines, by type or by content."""
        return self.media_type.is_json or is_lines_type(self.essence) or self.essence == JSON_TYPE

    @cached_property
    def form(self) -> Form | None:
        """PHP's ``$_POST`` of an urlencoded body or of one in parts, else None.

        A body that is a form by its content alone is read as one, too.
        """
        limits, kind = self.limits, self.media_type
        if kind.essence == PARTS_TYPE:
            # Few bodies come in parts, and a test's server should be up at once.
            from inspector.forms.parts import find_boundary, parse_parts

            return parse_parts(
                self.decoded_body,
                find_boundary(self.find_header("Content-Type") or ""),
                max_variables=limits.max_variables,
                max_depth=limits.max_depth,
                heed_charsets=True,
            )
        if FORM_TYPE in (kind.essence, self.essence):
            return parse(
                self.decoded_body,
                max_variables=limits.max_variables,
                max_depth=limits.max_depth,
                charset=kind.charset or self.named_charset,
            )
        return None

    @cached_property
    def named_charset(self) -> str | None:
        """The charset that an urlencoded form names for itself; see ``find_named_charset``."""
        kinds = self.media_type.essence, self.essence
        is_told = self.media_type.charset or FORM_TYPE not in kinds
        return None if is_told else find_named_charset(self.decoded_body)

    def form_as(self, dialect: str) -> Form | None:
        """The form as another receiver reads it, with that one's own limits; see ``forms.parse``.

        Raises ``ValueError`` for an unknown dialect.
        """
        if dialect == "php" or self.form is None:
            find_dialect(dialect)
            return self.form
        if self.media_type.essence == PARTS_TYPE:
            from inspector.forms.parts import find_boundary, parse_parts  # as above

            boundary = find_boundary(self.find_header("Content-Type") or "")
            return parse_parts(self.decoded_body, boundary, dialect, heed_charsets=True)
        return parse(self.decoded_body, dialect, charset=self.media_type.charset)

    def list_form_notes(self, form: Form | None) -> tuple[Note, ...]:
        """The notes on a form of this request, with those that its method calls for."""
        if form is None:
            return ()
        noted = [note_on_method(self.method, form.dialect) if form.has_pairs else None]
        if form.dialect == "php" and self.named_charset:
            noted.append(note_on_charset(self.named_charset))
        return (*filter(None, noted), *form.notes)

    @cached_property
    def losses(self) -> Losses:
        """The fields of the form that PHP would not read, or not under the names sent."""
        return Losses() if self.form is None else find_losses(self.form)

    @cached_property
    def parts(self) -> PartList | None:
        """A multipart body's parts, files among them; None when it is none."""
        kind = self.media_type
        if not kind.essence.startswith("multipart/") or not kind.boundary:
            return None
        return split_parts(self.decoded_body, kind.boundary, max_parts=self.limits.max_parts)

    @cached_property
    def other_parts(self) -> dict[int, Part]:
        """The parts that are no fields of the form, by their index: files, and those PHP drops."""
        if self.parts is None:
            return {}
        from inspector.forms.parts import PartsForm  # as above

        fields = self.form.fields if isinstance(self.form, PartsForm) else ()
        by_start = {field.start: field for field in fields}
        return {
            index: part
            for index, part in enumerate(self.parts.parts)
            if part.filename is not None or not is_told(part, by_start.get(part.start))
        }

    @cached_property
    def json(self) -> Any:
        """The body when it is JSON by type or by content, its numbers as sent, else None.

        JSON lines are the list of their values.
        """
        if is_lines_type(self.essence) or self.essence == LINES_TYPE:
            return parse_lines(self.json_bytes)
        return parse_sent_json(self.json_bytes) if self.is_json else None

    @cached_property
    def parsed(self) -> Parsed | None:
        """The body as nested data where it is XML, MessagePack, CBOR or protobuf, else None.

        A media type says which; XML is told by its content, too.
        """
        if not self.body or self.truncated or self.content.problem:
            return None
        from inspector.domain.formats.parsing import parse_body  # few bodies are any of these

        return parse_body(self.decoded_body, self.essence, lambda: self.body_text)

    @cached_property
    def json_bytes(self) -> bytes:
        """The decoded body in UTF-8 where its charset is another one and it is not UTF-8."""
        return recode(self.decoded_body, self.media_type)

    def part(self, name: str) -> Any:
        """A top-level entry of the form or the JSON (``ticket``, ``custom_data``), or None."""
        value = self.json if self.form is None else self.form.value
        return value.get(name) if isinstance(value, dict) else None

    @property
    def ticket(self) -> Any:
        return self.part("ticket")

    @property
    def person_context(self) -> Any:
        return self.part("person_context")

    @property
    def custom_data(self) -> Any:
        """``""`` when sent empty, None when not sent."""
        return self.part("custom_data")

    @cached_property
    def event(self) -> Event | None:
        """None when no event field was sent."""
        names = ("event_type", "event_method", "event_performer")
        values = [self.part(name) for name in names]
        if all(value is None for value in values):
            return None
        texts = [value if isinstance(value, str) else None for value in values]
        return Event(*texts)

    @cached_property
    def summary(self) -> RequestSummary:
        return recall_summary(self.raw_head, self.body, self.limits, self._summarize)

    @property
    def sender(self) -> FoundSender | None:
        """The service that sent the request, as far as it is known."""
        return self.summary.sender

    @property
    def title(self) -> str:
        """The subject of a ticket or what another webhook is about, else method and path."""
        told = self.summary
        return told.subject or told.title or f"{self.method} {self.sub_path or self.path}"

    @cached_property
    def identity(self) -> Identity:
        """The sender and the delivery of the request, without the rest of its summary."""
        from inspector.domain.senders.identifying import identify

        place, body = f"{self.method} {self.sub_path}", None if self._is_large else self.body
        return identify(self.headers, self._told[2], place, body)

    @property
    def _is_large(self) -> bool:  # a list has no such body: the headers alone tell the delivery
        return self.truncated or len(self.body) > LISTED_BODY_BYTES

    @cached_property
    def _told(self) -> tuple[Any, str | None, Any]:
        """The content, what it is about by name, and data that tells more."""
        from inspector.domain.formats.parsing import find_topic
        from inspector.domain.senders.finding import open_payload

        content = self.form.value if self.json is None and self.form else self.json
        if content is None and not self._is_large and self.parsed is not None:
            return content, *find_topic(self.parsed)
        return content, None, open_payload(content)

    def _summarize(self) -> RequestSummary:
        from inspector.domain.senders import finding

        content, name, told = self._told
        sender, delivery_key = self.identity
        return RequestSummary(
            *finding.name_ticket(content),
            title=finding.find_title(sender, told) or name,
            sender=sender,
            detected=self.detected,
            lost=0 if self.json is not None else self.losses.count,
            delivery_key=delivery_key,
            gist=finding.describe_body(self.essence, None if self._is_large else self.body_text)
            if told is None and self.body
            else finding.find_gist(told if content is None else content),
        )
