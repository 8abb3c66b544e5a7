"""waitress's request parser, made to remember what was sent and what it refused.

It leans on these seams of waitress 3.0: the channel calls ``received(data)`` until
``completed`` is set, perhaps with ``error``; tasks read ``headers``, ``version``,
``command``, ``path`` and ``query``; ``body_rcv`` collects the body.
"""

from __future__ import annotations

from waitress.adjustments import Adjustments
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.receiver import FixedStreamReceiver
from waitress.utilities import BadRequest, RequestEntityTooLarge, RequestHeaderFieldsTooLarge

from inspector.capture import (
    NO_DETAILS,
    WireDetails,
    WireNote,
    decode_path,
    split_target,
)
from inspector.clock import time
from inspector.domain.proxies import NO_ADDRESSES, NO_PROXIES
from inspector.server.chunks import ChunkReceiver
from inspector.server.head import (
    HeadTooLargeError,
    begins_like_request,
    parse_fields,
    parse_length,
    parse_request_line,
)
from inspector.server.own_paths import PathReader
from inspector.server.spool import SpoolBuffer

# The beginning of a TLS handshake (RFC 8446, 5.1): someone wrote https:// for http://.
TLS_HELLO = b"\x16\x03"
MAX_LEFTOVER_BYTES = 65_536
_HEAD_END = b"\r\n\r\n"


class ExactAdjustments(Adjustments):  # type: ignore[misc]
    """waitress's settings with our own limits on bodies, of which the first part is kept.

    ``max_body_bytes`` is for captures, ``max_call_bytes`` for pages and API calls,
    ``max_import_bytes`` for the files that are put into a bin. waitress's own limit throws
    the body away, so it is set out of reach.
    """

    max_body_bytes = 10_000_000
    max_call_bytes = 10_000_000
    max_import_bytes = 100_000_000
    max_header_lines = 1000
    max_target_bytes = 65_536
    max_unfinished_bytes = 1_000_000_000
    receive_timeout_s = 120.0
    proxy_protocol = False
    trusted_proxies = NO_PROXIES
    addresses = NO_ADDRESSES


class RequestTimeout(BadRequest):  # type: ignore[misc]
    """The request was not there after the time one may take."""

    code = 408
    reason = "Request Timeout"


class ExactParser(PathReader, HTTPRequestParser):  # type: ignore[misc]
    """One request as it came in.

    ``raw_head`` is the request line and header lines as sent, line ends included, the closing
    empty line not. ``truncated`` says that the body went on beyond its limit;
    ``announced_bytes`` is its whole size where it is known. ``notes`` are oddities of its
    framing, and ``leftover`` the bytes after it that begin no other request; with either the
    connection ends after the answer.
    """

    raw_head = b""
    bin_name = ""
    command = ""
    received_us = 0
    truncated = False
    is_answered = False
    announced_bytes: int | None = None
    notes: tuple[WireNote, ...] = ()
    leftover = b""

    adj: ExactAdjustments
    body_rcv: ChunkReceiver | FixedStreamReceiver | None
    chunked: bool
    completed: bool
    connection_close: bool
    content_length: int
    error: BadRequest | None
    expect_continue: bool
    headers_finished: bool

    def __init__(self, adj: ExactAdjustments) -> None:
        super().__init__(adj)
        self.began_at = time.monotonic()
        self._head = bytearray()

    def received(self, data: bytes) -> int:
        """Take bytes of this request; answers how many belonged to it."""
        if self.completed:
            return 0
        if self.body_rcv is None:
            return self._take_head(data)
        taken: int = self.body_rcv.received(data)
        if self.body_rcv.error:
            self.error = self.body_rcv.error
        if self.chunked and self.error is None:
            self._limit_chunked_body()
        if self.error or (self.truncated and self.chunked) or self.body_rcv.completed:
            self._complete()
        return taken

    def _take_head(self, data: bytes) -> int:
        """Add to the head; only the new bytes, and three before them, are looked at."""
        head, known = self._head, len(self._head)
        # Empty lines before a request are not part of it (RFC 9112, 2.2).
        own = data if head else data.lstrip()
        head += own
        end = head.find(_HEAD_END, max(0, known - 3))
        if self._refuse_what_never_ends(known, end):
            return len(data)
        size = len(head) if end < 0 else end + len(_HEAD_END)
        if size >= self.adj.max_request_header_size:
            limit = self.adj.max_request_header_size
            refusal = RequestHeaderFieldsTooLarge(f"exceeds max_header of {limit}")
            self._refuse(bytes(head[:limit]), refusal)
        elif end >= 0:
            self._read_head(bytes(head[: end + 2]))
        else:
            return len(data)
        self._head = bytearray()
        return len(data) - len(own) + size - known

    def _read_head(self, raw_head: bytes) -> None:
        self.headers_finished = True
        self.raw_head = raw_head
        try:
            self.parse_header(raw_head)
        except ParsingError as problem:
            self.error = BadRequest(problem.args[0])
        except HeadTooLargeError as refusal:
            self.error = refusal.answer
        if self.error is not None or self.body_rcv is None:
            self._complete()

    def parse_header(self, header_plus: bytes) -> None:
        """Read the head. Raises ``ParsingError`` and ``HeadTooLargeError``."""
        line, _, block = header_plus.partition(b"\r\n")
        self.command, target, self.version = parse_request_line(
            line.rstrip(b" \t"), max_target_bytes=self.adj.max_target_bytes
        )
        self.headers = parse_fields(block, max_fields=self.adj.max_header_lines)
        if self.command == "CONNECT" and not target.startswith(b"/"):
            raise ParsingError(
                "CONNECT asks for a tunnel, and this is no proxy. Send webhooks to a bin's own URL"
            )
        self._read_target(target)
        self._read_connection()
        self._expect_body()

    def _read_target(self, target: bytes) -> None:
        """Name the resource as the lane does, so that both find the same bin."""
        self.request_uri = target.decode("latin-1")
        self.url_scheme = self.adj.url_scheme
        self.path = decode_path(target).decode("latin-1")
        self.query = split_target(target)[1].decode("latin-1")

    def _read_connection(self) -> None:
        wish = self.headers.get("CONNECTION", "")
        wishes = {each.strip() for each in wish.lower().split(",")} if wish else ()
        is_current = self.version == "1.1"
        self.connection_close = "close" in wishes if is_current else "keep-alive" not in wishes
        codings = self.headers.pop("TRANSFER_ENCODING", "").lower()
        if codings not in ("", "chunked"):
            # Where the body ends is not certain then (RFC 9112, 6.3).
            raise ParsingError("Transfer-Encoding other than chunked")
        self.chunked = codings == "chunked"
        if self.chunked:
            self._note_odd_framing()

    def _note_odd_framing(self) -> None:
        """Note a request with two framings, or one that its version lacks (RFC 9112, 6.1)."""
        if self.version != "1.1":
            said = f"HTTP/{self.version}" if self.version else "A request line without a version"
            self._note(
                "transfer_encoding_in_version",
                f"{said} has no Transfer-Encoding. The body was read as chunks.",
            )
        if "CONTENT_LENGTH" in self.headers:
            self._note(
                "two_framings",
                "It has both Transfer-Encoding and Content-Length. The body was read as chunks; "
                "a server that goes by the length reads another body.",
            )

    def _note(self, code: str, message: str) -> None:
        self.notes = (*self.notes, WireNote(code, message))
        self.connection_close = True

    def _expect_body(self) -> None:
        """Make what receives the body, and decide on one that is announced as too large."""
        wants_to_ask = self.version == "1.1" and self.headers.get("EXPECT", "").lower() == (
            "100-continue"
        )
        if self.chunked:
            self.expect_continue = wants_to_ask
            self.body_rcv = ChunkReceiver(SpoolBuffer(self.adj.inbuf_overflow))
            return
        self.content_length = parse_length(self.headers.get("CONTENT_LENGTH", "0"))
        if self.content_length == 0:
            return
        keep = self.body_limit
        if self.content_length > keep:
            self.announced_bytes = self.content_length
            self.truncated = True
            if wants_to_ask:
                # Refuse before the body is sent, as the sender asked by Expect: 100-continue.
                self.error = RequestEntityTooLarge(f"exceeds {keep} bytes")
                return
        self.expect_continue = wants_to_ask
        buffer = SpoolBuffer(self.adj.inbuf_overflow)
        self.body_rcv = FixedStreamReceiver(min(self.content_length, keep), buffer)

    def take_rest(self, data: bytes) -> bytes:
        """Keep what came behind the request where it begins no other; answers what is left.

        A refused request keeps all of these bytes, as the end of its body is not known.
        """
        if not data:
            return data
        if self.error is not None:
            self._keep_refused(data)
        elif self.body_rcv is None and not begins_like_request(data):
            self._keep_as_body(data)
            self._note(
                "body_without_length",
                f"{_count_bytes(data)} came behind a head with neither Content-Length nor "
                "Transfer-Encoding. What came is kept as its body; other servers see an empty one.",
            )
        elif not begins_like_request(data):
            self.leftover = data[:MAX_LEFTOVER_BYTES]
            self._note("bytes_behind_body", self._explain_leftover(data))
        else:
            return data
        return b""

    def _explain_leftover(self, data: bytes) -> str:
        if self.chunked:
            return f"{_count_bytes(data)} came behind its last chunk, and begin no other request."
        return (
            f"{_count_bytes(data)} came beyond its Content-Length of {self.content_length:,}. "
            "A length is counted in bytes; one counted in characters is too small."
        )

    def _keep_refused(self, data: bytes) -> None:
        if self.body_rcv is None:
            self._keep_as_body(data)
        elif not self.truncated:
            self.leftover = data[:MAX_LEFTOVER_BYTES]

    def _keep_as_body(self, data: bytes) -> None:
        keep = self.body_limit
        self.body_rcv = FixedStreamReceiver(
            min(len(data), keep), SpoolBuffer(self.adj.inbuf_overflow)
        )
        self.body_rcv.received(data)
        self.truncated = self.error is not None or len(data) > keep
        self.announced_bytes = max(self.announced_bytes or 0, len(data))

    def give_up(self, error: BadRequest) -> None:
        """End the request as far as it came, to be refused with ``error``."""
        self.break_off()
        self._refuse(self.raw_head, error)

    def break_off(self) -> None:
        """End the request with the bytes that have come."""
        self.received_us = time.time_ns() // 1000
        self.raw_head = self.raw_head or bytes(self._head)
        if self.headers_finished:
            self.announced_bytes = self.content_length or self.body_size
            self.truncated = True

    def say_received(self) -> str:
        """The received part of an incomplete request, in words."""
        if not self.headers_finished:
            return f"{len(self._head):,} bytes of head"
        expected = f" of {self.content_length:,}" if self.content_length else ""
        came = 0 if self.body_rcv is None else len(self.body_rcv)
        return f"{came:,}{expected} bytes of body"

    def read_body(self) -> bytes:
        """The body so far, chunks joined, at most as long as its limit."""
        if self.body_rcv is None:
            return b""
        body: bytes = self.body_rcv.getbuf().get(self.body_limit)
        return body

    @property
    def is_too_large(self) -> bool:
        """True when nothing is wrong with the request but the size of its body."""
        return isinstance(self.error, RequestEntityTooLarge)

    @property
    def is_blank(self) -> bool:
        """True while no byte of a request has come, or only empty lines."""
        return not self._head and not self.headers_finished

    @property
    def has_request_line(self) -> bool:
        """True when the first line is whole."""
        return b"\n" in self.raw_head or self.headers_finished

    @property
    def begins_like_request(self) -> bool:
        """True when its first bytes can be those of a request line."""
        return begins_like_request(self.raw_head)

    @property
    def held_bytes(self) -> int:
        """Bytes received of an incomplete request."""
        return len(self._head) + (0 if self.body_rcv is None else len(self.body_rcv))

    @property
    def body_size(self) -> int:
        """The size of the body in bytes, as far as it is known."""
        if self.announced_bytes is not None:
            return self.announced_bytes
        return 0 if self.body_rcv is None else len(self.body_rcv)

    @property
    def wire(self) -> WireDetails:
        """The details beside head and body."""
        received = self.body_rcv
        if not isinstance(received, ChunkReceiver):
            if not (self.notes or self.leftover):
                return NO_DETAILS
            return WireDetails(self.notes, leftover=self.leftover)
        return WireDetails(self.notes, received.trailer, tuple(received.extensions), self.leftover)

    def _limit_chunked_body(self) -> None:
        if self.body_rcv is not None and len(self.body_rcv) > self.body_limit:
            self.truncated = True

    def _complete(self) -> None:
        self.completed = True
        self.received_us = time.time_ns() // 1000
        if self.truncated and self.error is None:
            self.error = RequestEntityTooLarge(f"exceeds {self.body_limit} bytes")
        if self.error is not None:
            self.connection_close = True

    def _refuse_what_never_ends(self, known: int, end: int) -> bool:
        """Refuse at once what is no head that ends in CR LF CR LF; answers whether it did.

        ``known`` bytes of the head have been looked at before; it ends at ``end``, if not at -1.
        """
        head = self._head
        if known < len(TLS_HELLO) and head.startswith(TLS_HELLO):
            reason = "This is TLS, and this port speaks plain HTTP"
            self._refuse(bytes(head), BadRequest(reason))
            return True
        empty_line = head.find(b"\n\n", max(0, known - 1), len(head) if end < 0 else end)
        if empty_line < 0 or head.find(b"\r", 0, empty_line) >= 0:
            return False
        raw_head, rest = bytes(head[: empty_line + 1]), bytes(head[empty_line + 2 :])
        self._refuse(raw_head, BadRequest("The header lines end in LF, not CR LF"))
        if rest:
            self._keep_refused(rest)
        return True

    def _refuse(self, raw_head: bytes, error: BadRequest) -> None:
        self.raw_head = raw_head
        self._head = bytearray()
        self.error = error
        self.expect_continue = False
        self.headers_finished = True
        self._complete()


def _count_bytes(data: bytes) -> str:
    return "1 byte" if len(data) == 1 else f"{len(data):,} bytes"
