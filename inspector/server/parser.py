"""waitress's request parser, made to remember what was sent and what it refused.

It leans on these seams of waitress 3.0: ``parse_header(head)`` gets the whole
head as bytes; ``received(data)`` sets ``completed`` and ``error``; ``body_rcv``
collects the body and may be exchanged before the first body byte.
"""

from __future__ import annotations

import time

from waitress.adjustments import Adjustments
from waitress.buffers import OverflowableBuffer
from waitress.parser import (
    HTTPRequestParser,
    ParsingError,
    split_uri,
)
from waitress.receiver import FixedStreamReceiver
from waitress.utilities import BadRequest, RequestEntityTooLarge

from inspector.server.chunks import ChunkReceiver
from inspector.server.head import HeadTooLargeError, parse_fields, parse_length, parse_request_line

# How a TLS handshake begins (RFC 8446, 5.1): someone wrote https:// for http://.
TLS_HELLO = b"\x16\x03"


class ExactAdjustments(Adjustments):  # type: ignore[misc]
    """waitress's settings with our own limit on bodies, which keeps the first part.

    waitress's own limit throws the body away, so it is set out of reach.
    """

    keep_body_bytes = 10_000_000
    max_header_lines = 1000
    max_target_bytes = 65_536
    max_unfinished_bytes = 1_000_000_000
    receive_timeout_s = 120.0


class RequestTimeout(BadRequest):  # type: ignore[misc]
    """The request was not there after the time one may take."""

    code = 408
    reason = "Request Timeout"


class ExactParser(HTTPRequestParser):  # type: ignore[misc]
    """One request as it came in.

    ``raw_head`` is the request line and header lines as sent, line ends included,
    the closing empty line not. ``truncated`` says that the body went on beyond
    ``keep_body_bytes``; ``announced_bytes`` is its whole size where it is known.
    """

    raw_head = b""
    command = ""
    received_us = 0
    truncated = False
    announced_bytes: int | None = None

    adj: ExactAdjustments
    body_rcv: ChunkReceiver | FixedStreamReceiver | None
    chunked: bool
    completed: bool
    connection_close: bool
    content_length: int
    error: BadRequest | None
    expect_continue: bool
    header_bytes_received: int
    header_plus: bytes
    headers_finished: bool

    def __init__(self, adj: ExactAdjustments) -> None:
        super().__init__(adj)
        self.began_at = time.monotonic()

    def received(self, data: bytes) -> int:
        """Take bytes of this request; answers how many belonged to it."""
        before = self.header_plus if self.body_rcv is None else b""
        consumed: int = super().received(data)
        if self.chunked and self.error is None:
            self._limit_chunked_body()
        if self.completed:
            self._finish(before + data if before or not self.raw_head else b"")
        elif self.body_rcv is None and not self.headers_finished:
            self._refuse_what_never_ends()
        return consumed

    def parse_header(self, header_plus: bytes) -> None:
        """Keep the head as bytes and read it; called by waitress when the head is complete."""
        if self.header_bytes_received < self.adj.max_request_header_size:
            self.raw_head = header_plus.removesuffix(b"\r\n")
        line, _, block = header_plus.partition(b"\r\n")
        try:
            self.command, target, self.version = parse_request_line(
                line.rstrip(b" \t"), max_target_bytes=self.adj.max_target_bytes
            )
            self.headers = parse_fields(block, max_fields=self.adj.max_header_lines)
        except HeadTooLargeError as refusal:
            self.error = refusal.answer
            return
        self._read_target(target)
        self._read_connection()
        self._expect_body()

    def _read_target(self, target: bytes) -> None:
        self.request_uri = target.decode("latin-1")
        self.url_scheme = self.adj.url_scheme
        try:
            parts = split_uri(target)
        except ValueError as error:
            raise ParsingError("Bad URI") from error
        self.proxy_scheme, self.proxy_netloc, self.path, self.query, self.fragment = parts

    def _read_connection(self) -> None:
        wishes = {each.strip() for each in self.headers.get("CONNECTION", "").lower().split(",")}
        if self.version != "1.1":
            self.connection_close = "keep-alive" not in wishes
            return
        self.connection_close = "close" in wishes
        self.expect_continue = self.headers.get("EXPECT", "").lower() == "100-continue"
        codings = self.headers.pop("TRANSFER_ENCODING", "").lower()
        if codings not in ("", "chunked"):
            # Where the body ends is not certain then (RFC 9112, 6.3).
            raise ParsingError("Transfer-Encoding other than chunked")
        self.chunked = codings == "chunked"

    def _expect_body(self) -> None:
        """Make what receives the body, and decide on one that is announced as too large."""
        if self.chunked:
            self.body_rcv = ChunkReceiver(OverflowableBuffer(self.adj.inbuf_overflow))
            return
        self.content_length = parse_length(self.headers.get("CONTENT_LENGTH", "0"))
        if self.content_length == 0:
            return
        keep = self.adj.keep_body_bytes
        if self.content_length > keep:
            self.announced_bytes = self.content_length
            self.truncated = True
            if self.expect_continue:
                # Refuse before the body is sent: that is what the sender asked for.
                self.expect_continue = False
                self.error = RequestEntityTooLarge(f"exceeds {keep} bytes")
                return
        buffer = OverflowableBuffer(self.adj.inbuf_overflow)
        self.body_rcv = FixedStreamReceiver(min(self.content_length, keep), buffer)

    def give_up(self, error: BadRequest) -> None:
        """Call the request complete as far as it came, to be refused with ``error``."""
        self.error = error
        if self.headers_finished:
            self.announced_bytes = self.content_length or self.body_size
            self.truncated = True
        self.expect_continue = False
        self.completed = self.headers_finished = True
        self._finish(self.header_plus)

    def read_body(self) -> bytes:
        """The body so far, chunks joined, at most ``keep_body_bytes``."""
        if self.body_rcv is None:
            return b""
        body: bytes = self.body_rcv.getbuf().get(self.adj.keep_body_bytes)
        return body

    @property
    def body_size(self) -> int:
        """How large the body is, as far as that is known."""
        if self.announced_bytes is not None:
            return self.announced_bytes
        return 0 if self.body_rcv is None else len(self.body_rcv)

    def _limit_chunked_body(self) -> None:
        if self.body_rcv is not None and len(self.body_rcv) > self.adj.keep_body_bytes:
            self.truncated = True
            self.completed = True

    def _finish(self, seen: bytes) -> None:
        self.received_us = time.time_ns() // 1000
        if self.error is not None and not self.raw_head:
            self.raw_head = seen[: self.adj.max_request_header_size]
        elif self.truncated and self.error is None:
            self.error = RequestEntityTooLarge(f"exceeds {self.adj.keep_body_bytes} bytes")
        if self.error is not None:
            self.connection_close = True

    def _refuse_what_never_ends(self) -> None:
        """Waitress waits for CR LF CR LF: say it at once where there will be none."""
        if self.header_plus.startswith(TLS_HELLO):
            self._refuse(self.header_plus, "This is TLS, and this port speaks plain HTTP")
            return
        head, empty_line, _ = self.header_plus.lstrip().partition(b"\n\n")
        if empty_line and b"\r" not in head:
            self._refuse(head + b"\n", "The header lines end in LF, not CR LF")

    def _refuse(self, raw_head: bytes, reason: str) -> None:
        self.raw_head = raw_head
        self.error = BadRequest(reason)
        self.completed = True
        self.headers_finished = True
        self._finish(b"")
