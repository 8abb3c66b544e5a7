"""waitress's request parser, made to remember what was sent and what it refused.

It leans on these seams of waitress 3.0: ``parse_header(head)`` gets the whole
head as bytes; ``received(data)`` sets ``completed`` and ``error``; ``body_rcv``
collects the body and may be exchanged before the first body byte.
"""

from __future__ import annotations

import time

from waitress.adjustments import Adjustments
from waitress.buffers import OverflowableBuffer
from waitress.parser import HTTPRequestParser
from waitress.receiver import FixedStreamReceiver
from waitress.utilities import BadRequest, RequestEntityTooLarge, RequestHeaderFieldsTooLarge

_FINAL_BLANK = b"\r\n\r\n"


class ExactAdjustments(Adjustments):  # type: ignore[misc]
    """waitress's settings with our own limit on bodies, which keeps the first part.

    waitress's own limit throws the body away, so it is set out of reach.
    """

    keep_body_bytes = 10_000_000


class ExactParser(HTTPRequestParser):  # type: ignore[misc]
    """One request as it came in.

    ``raw_head`` is the request line and header lines as sent, line ends included,
    the closing empty line not. ``truncated`` says that the body went on beyond
    ``keep_body_bytes``; ``announced_bytes`` is its whole size where it is known.
    """

    raw_head = b""
    received_us = 0
    truncated = False
    announced_bytes: int | None = None
    expect_continue: bool
    was_chunked = False

    def received(self, data: bytes) -> int:
        """Take bytes of this request; answers how many belonged to it."""
        before = self.header_plus if self.body_rcv is None else b""
        consumed: int = super().received(data)
        if self.chunked and not self.completed:
            self._limit_chunked_body()
        if self.completed:
            self._finish(before + data if before or not self.raw_head else b"")
        elif self.body_rcv is None and not self.headers_finished:
            self._refuse_bare_line_feeds()
        return consumed

    def parse_header(self, header_plus: bytes) -> None:
        """Keep the head as bytes, then let waitress read it."""
        if self.header_bytes_received < self.adj.max_request_header_size:
            self.raw_head = header_plus.removesuffix(b"\r\n")
        super().parse_header(_upper_method(header_plus))
        self.command = header_plus.partition(b" ")[0].decode("latin-1")
        self.was_chunked = self.chunked
        keep = self.adj.keep_body_bytes
        if self.content_length > keep and not self.chunked:
            self.announced_bytes = self.content_length
            self.truncated = True
            if self.expect_continue:
                # Refuse before the body is sent: that is what the sender asked for.
                self.expect_continue = False
                self.body_rcv = None
                self.error = RequestEntityTooLarge(f"exceeds {keep} bytes")
            else:
                buffer = OverflowableBuffer(self.adj.inbuf_overflow)
                self.body_rcv = FixedStreamReceiver(keep, buffer)

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
        if isinstance(self.error, RequestHeaderFieldsTooLarge):
            self.raw_head = seen[: self.adj.max_request_header_size]
        elif self.truncated and self.error is None:
            self.error = RequestEntityTooLarge(f"exceeds {self.adj.keep_body_bytes} bytes")
        if self.error is not None:
            self.connection_close = True

    def _refuse_bare_line_feeds(self) -> None:
        """A head with bare LF line ends never ends for waitress: say so instead of waiting."""
        if b"\n\n" in self.header_plus and b"\r" not in self.header_plus:
            self.raw_head = self.header_plus.partition(b"\n\n")[0] + b"\n"
            self.error = BadRequest("The header lines end in LF, not CR LF")
            self.completed = True
            self.headers_finished = True
            self._finish(b"")


def _upper_method(head: bytes) -> bytes:
    """Methods are case-sensitive tokens (RFC 9110, 9.1), but waitress takes capitals only."""
    method, space, rest = head.partition(b" ")
    return method.upper() + space + rest
