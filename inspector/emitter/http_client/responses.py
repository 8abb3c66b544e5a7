"""Reading an HTTP/1.1 answer: framing by the rules, content bounded, nothing decoded.

The answer is kept as it came: content codings are not decoded, and an answer that breaks the
rules is a ``DeliveryError`` with a sentence, never another exception. The parser does no I/O: a
blocking socket and an event loop feed it alike.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, TypeAlias

from inspector.capture import split_headers
from inspector.clock import time
from inspector.domain.content import decode_text, parse_media_type
from inspector.domain.headers import Headers, join_headers
from inspector.emitter.http_client.connections import Connection, Deadline
from inspector.emitter.http_client.problems import DeliveryError

MAX_HEAD_BYTES = 65_536
MAX_INTERIM_ANSWERS = 20
BODILESS_STATUSES = (101, 204, 304)

_STATUS_LINE = re.compile(rb"HTTP/(\d\.\d) ([1-9]\d\d)(?: (.*))?\Z")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,15}\Z")


@dataclass(frozen=True, slots=True)
class ReceivedAnswer:
    """A response, as it was read.

    ``raw_headers`` are names and values in order, repeats kept, and ``raw_head`` the bytes
    they were read from; ``body`` is the content with chunks joined, cut at the limit when
    ``truncated``. ``reusable`` tells whether the connection may carry another request;
    ``first_byte_at`` is on ``perf_counter``'s clock.
    """

    http_version: str
    status: int
    reason: str
    raw_headers: tuple[tuple[str, str], ...]
    body: bytes
    truncated: bool
    reusable: bool
    first_byte_at: float
    raw_head: bytes = b""

    @property
    def headers(self) -> Headers:
        """The headers by name in any case, repeats joined with ``", "``."""
        return Headers(join_headers(self.raw_headers))

    def find_header(self, name: str) -> str | None:
        """The first value of a header, by its name in any case; None when it was not sent."""
        wanted = name.lower()
        return next((value for key, value in self.raw_headers if key.lower() == wanted), None)

    @property
    def text(self) -> str:
        """The body by the charset that it names, else UTF-8; odd bytes are replaced."""
        charset = parse_media_type(self.find_header("content-type") or "").charset or "utf-8"
        try:
            return self.body.decode(charset, "replace")
        except (LookupError, ValueError):
            return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON. Raises ``ValueError`` when it is none."""
        return json.loads(self.body)


# Asks for the next bytes, ``b""`` for the end of the connection, and returns the answer.
Parsing: TypeAlias = Generator[None, bytes, ReceivedAnswer]


def read_answer(
    connection: Connection,
    *,
    first_byte: Deadline,
    overall: Deadline,
    max_body_bytes: int,
    to_head: bool = False,
) -> ReceivedAnswer:
    """Read the answer to a request that was sent over ``connection``; see ``parse_answer``.

    Raises ``DeliveryError``.
    """
    parsing = parse_answer(max_body_bytes=max_body_bytes, to_head=to_head)
    next(parsing)
    deadline = first_byte
    while True:
        more = connection.receive(deadline)
        deadline = overall
        try:
            parsing.send(more)
        except StopIteration as end:
            found: ReceivedAnswer = end.value
            return found


def parse_answer(*, max_body_bytes: int, to_head: bool = False) -> Parsing:
    """Parse an answer out of the bytes that are sent to this generator.

    Interim answers (100 to 199, but not 101) are skipped. At most
    ``max_body_bytes`` of the body are read; beyond that the rest is left unread.

    Raises ``DeliveryError``. Source: RFC 9112, 4 to 6.
    """
    reader = _Reader()
    yield from reader.fill()
    first_byte_at = time.perf_counter()
    for _ in range(MAX_INTERIM_ANSWERS):
        raw_head = yield from reader.read_head()
        version, status, reason, headers = _parse_head(raw_head)
        if status >= 200 or status == 101:
            break
    else:
        raise _unreadable("it has too many interim answers")
    bodiless = to_head or status in BODILESS_STATUSES
    body, truncated, framed = b"", False, True
    if not bodiless:
        body, truncated, framed = yield from _read_body(reader, headers, max_body_bytes)
    reusable = framed and not truncated and not reader.has_more and status != 101
    return ReceivedAnswer(
        version,
        status,
        reason,
        headers,
        body,
        truncated,
        reusable and _keeps_alive(version, headers),
        first_byte_at,
        raw_head,
    )


def _unreadable(problem: str) -> DeliveryError:
    return DeliveryError("unreadable_answer", f"The answer cannot be read: {problem}.")


_Bytes: TypeAlias = Generator[None, bytes, bytes]


class _Reader:
    """The bytes of one answer, asked for as they are needed."""

    def __init__(self) -> None:
        self._data = bytearray()

    def fill(self) -> Generator[None, bytes, bool]:
        """Ask for some more; False at the end."""
        more = yield
        self._data += more
        return bool(more)

    def read_head(self) -> _Bytes:
        searched = 0
        while not (end := _HEAD_END.search(self._data, searched)):
            searched = max(0, len(self._data) - 3)
            if len(self._data) > MAX_HEAD_BYTES:
                raise _unreadable(f"its head is longer than {MAX_HEAD_BYTES:,} bytes")
            if not (yield from self.fill()):
                raise _ended_early(bool(self._data))
        return self._take(end.end())

    def read_line(self, max_bytes: int = 4096) -> _Bytes:
        while (end := self._data.find(b"\n")) < 0:
            if len(self._data) > max_bytes:
                raise _unreadable("a line of its chunked body is too long")
            if not (yield from self.fill()):
                raise _ended_early(True)
        return self._take(end + 1).rstrip(b"\r\n")

    def read_up_to(self, count: int) -> _Bytes:
        """``count`` bytes, fewer when the answer ends before."""
        while len(self._data) < count and (yield from self.fill()):
            pass
        return self._take(count)

    @property
    def has_more(self) -> bool:
        """True when bytes came behind the response."""
        return bool(self._data)

    def _take(self, count: int) -> bytes:
        taken = bytes(self._data[:count])
        del self._data[:count]
        return taken


def _ended_early(begun: bool) -> DeliveryError:
    if begun:
        return DeliveryError("connection_lost", "The connection ended in the middle of the answer.")
    return DeliveryError("connection_lost", "The connection was closed without an answer.")


def _parse_head(head: bytes) -> tuple[str, int, str, tuple[tuple[str, str], ...]]:
    first_line = head.partition(b"\n")[0].rstrip(b"\r")
    line = _STATUS_LINE.match(first_line)
    if not line:
        shown = decode_text(first_line[:60])
        raise _unreadable(f"it begins with {shown!r}, which is no status line of HTTP")
    headers = tuple((decode_text(name), decode_text(value)) for name, value in split_headers(head))
    return line[1].decode(), int(line[2]), decode_text(line[3] or b""), headers


def _values(headers: tuple[tuple[str, str], ...], name: str) -> list[str]:
    """The comma-separated values of a header, all its lines together, in lower case."""
    lines = [value for key, value in headers if key.lower() == name]
    return [part.strip().lower() for line in lines for part in line.split(",")]


def _keeps_alive(version: str, headers: tuple[tuple[str, str], ...]) -> bool:
    options = _values(headers, "connection")
    return "keep-alive" in options if version == "1.0" else "close" not in options


def _read_body(
    reader: _Reader, headers: tuple[tuple[str, str], ...], max_bytes: int
) -> Generator[None, bytes, tuple[bytes, bool, bool]]:
    """The body, whether it was cut, and whether its end was marked (not by closing)."""
    codings = _values(headers, "transfer-encoding")
    if codings:
        if codings[-1] == "chunked":
            return (yield from _read_chunks(reader, max_bytes))
        return (*(yield from _read_to_end(reader, max_bytes)), False)
    lengths = set(_values(headers, "content-length"))
    if not lengths:
        return (*(yield from _read_to_end(reader, max_bytes)), False)
    length = lengths.pop()
    if lengths or not (length.isascii() and length.isdigit()) or len(length) > 18:
        raise _unreadable("its Content-Length is not one number")
    wanted = min(int(length), max_bytes)
    body = yield from reader.read_up_to(wanted)
    if len(body) < wanted:
        raise _ended_early(True)
    return body, int(length) > max_bytes, True


def _read_to_end(reader: _Reader, max_bytes: int) -> Generator[None, bytes, tuple[bytes, bool]]:
    body = yield from reader.read_up_to(max_bytes + 1)
    return body[:max_bytes], len(body) > max_bytes


def _read_chunks(
    reader: _Reader, max_bytes: int
) -> Generator[None, bytes, tuple[bytes, bool, bool]]:
    body = bytearray()
    while True:
        line = yield from reader.read_line()
        size_text = line.partition(b";")[0].strip()
        if not _CHUNK_SIZE.match(size_text):
            raise _unreadable("a chunk of its body has no size")
        size = int(size_text, 16)
        if size == 0:
            break
        if len(body) + size > max_bytes:
            body += yield from reader.read_up_to(max_bytes - len(body))
            return bytes(body), True, True
        chunk = yield from reader.read_up_to(size)
        if len(chunk) < size or (yield from reader.read_line(2)) != b"":
            raise _unreadable("a chunk of its body has another size than it says")
        body += chunk
    yield from _skip_trailers(reader)
    return bytes(body), False, True


def _skip_trailers(reader: _Reader) -> Generator[None, bytes, None]:
    for _ in range(100):
        if not (yield from reader.read_line()):
            return
    raise _unreadable("it has too many trailers")
