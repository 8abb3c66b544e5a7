"""Answers of bins to their senders, and their bytes on the wire."""

from __future__ import annotations

import math
from collections.abc import Callable
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import NamedTuple, Protocol

from inspector.clock import time
from inspector.domain.answers.default import DEFAULT_BODY, DEFAULT_STATUS

MAX_DELAY_S = 300.0
# A dripping body goes out in pieces, one about every so many seconds.
DRIP_STEP_S = 0.05


class Answer(NamedTuple):
    """A response as a bin gives it; ``headers`` go out as given, in order; framing is the server's.

    ``early_hints`` are headers that go out at once as a 103 (RFC 8297), unless the request is
    HTTP/1.0. ``delay_s`` is waited before the first byte of the answer itself; then the body is
    spread over ``drip_s``. ``cut_after`` ends the connection after so many bytes of the body,
    ``dropped`` without any answer. ``insisted`` lets headers pass that act beyond the answer,
    like ``Set-Cookie``. ``is_template``: body and values of headers are templates over the
    request. ``preset`` names the preset that makes the answer from the request instead, with
    ``secret`` where a handshake needs one. ``head_length`` is the Content-Length of an answer
    to HEAD, where the body itself is not known.
    """

    status: int = DEFAULT_STATUS
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = DEFAULT_BODY
    delay_s: float = 0.0
    drip_s: float = 0.0
    cut_after: int | None = None
    dropped: bool = False
    insisted: bool = False
    is_template: bool = False
    preset: str = ""
    secret: str = ""
    early_hints: tuple[tuple[str, str], ...] = ()
    head_length: int | None = None

    @property
    def is_made_per_request(self) -> bool:
        """True when the request decides what goes out: a template, or a preset that reads it."""
        return self.is_template or bool(self.preset)

    @property
    def is_immediate(self) -> bool:
        """True when it goes out at once and whole."""
        return not (self.delay_s or self.drip_s or self.dropped or self.cut_after is not None)

    @property
    def content(self) -> bytes:
        """The body as far as its status lets one go out: none with 205 (RFC 9110, 15.3.6)."""
        return b"" if self.status in _BODILESS or self.status == 205 else self.body

    @property
    def length(self) -> int:
        """The value of Content-Length."""
        return len(self.content) if self.head_length is None else self.head_length

    def sendable_headers(self) -> tuple[tuple[str, str], ...]:
        """The headers that may go out: none for framing, none that acts beyond the answer."""
        if not self.headers:
            return ()
        kept_back = _FRAMING_HEADERS if self.insisted else _DROPPED_HEADERS
        return tuple(pair for pair in self.headers if _may_send(*pair, kept_back))

    def withheld_names(self) -> tuple[str, ...]:
        """Names of the headers that are held back unless ``insisted``, each once."""
        found = {} if self.insisted else {name.lower(): name for name, _ in self.headers}
        return tuple(name for lower, name in found.items() if lower in _REACHING_HEADERS)


# Outcomes of an answer. Unknown: captured by a version that kept no answers.
SENT, DROPPED, CUT, RELAYED = "sent", "dropped", "cut", "relayed"
REFUSED, UNKNOWN = "refused", "unknown"


class GivenAnswer(NamedTuple):
    """The response that the sender of a request got.

    ``headers`` are those that went out, without ``Date`` and ``Connection``; ``body`` ends
    where a ``cut`` answer did. ``status`` is None when nothing went out, or when that is not
    known. ``rule`` is the place of the rule that chose it, from 1, ``rule_name`` its name;
    ``turn`` counts from 1.
    """

    outcome: str
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    rule: int | None = None
    rule_name: str = ""
    turn: int | None = None


def describe_given(answer: Answer, *, head_only: bool = False) -> GivenAnswer:
    """The part of an answer that went out; ``head_only`` to a HEAD request."""
    if answer.dropped:
        return GivenAnswer(DROPPED)
    body = b"" if head_only else answer.content
    cut = answer.cut_after is not None and answer.cut_after < len(body)
    headers = _list_headers(answer.status, answer.sendable_headers(), answer.length)
    return GivenAnswer(
        CUT if cut else SENT, answer.status, headers, body[: answer.cut_after] if cut else body
    )


class AnswerScript(Protocol):
    """Decides in this process what a bin answers, instead of what is stored for it.

    Called on the server's main loop, in the order of arrival: it must not block.
    """

    def note(self, number: int) -> None:
        """Called when the request of this number is stored, before its sender is answered."""
        ...

    def choose(self, number: int, raw_head: bytes, tell: Callable[[Answer], None]) -> Answer | None:
        """The answer; or None, and then another thread calls ``tell`` with one, once."""
        ...

    def note_given(self, number: int, given: GivenAnswer) -> None:
        """Called with the answer to a request as it goes to its sender."""
        ...


DEFAULT = Answer()


_BODILESS = frozenset((*range(100, 200), 204, 304))  # RFC 9112, 6.3
_FRAMING_HEADERS = frozenset(("content-length", "transfer-encoding", "connection", "date"))
# On the server's origin these would act beyond the one answer; see SECURITY.md.
_REACHING_HEADERS = frozenset(
    (
        "alt-svc",
        "clear-site-data",
        "content-security-policy",
        "nel",
        "report-to",
        "reporting-endpoints",
        "service-worker-allowed",
        "set-cookie",
        "strict-transport-security",
    )
)
_SNIFFING = ("X-Content-Type-Options", "nosniff")
_DROPPED_HEADERS = _FRAMING_HEADERS | _REACHING_HEADERS


def render_answer(answer: Answer, *, head_only: bool, http_1_0: bool, close: bool) -> bytes:
    """The answer as it goes over the wire.

    ``head_only`` for HEAD: the same head, no body. Whatever the bin's owner chose, the answer
    is sandboxed and cannot act on the server's pages.
    """
    if head_only:
        return _head(answer, http_1_0, close)
    return _hint(answer, http_1_0) + _head(answer, http_1_0, close) + answer.content


def render_parts(answer: Answer, *, head_only: bool, http_1_0: bool) -> list[tuple[float, bytes]]:
    """An answer that takes its time: each part with the seconds to wait before it.

    The connection is closed after the last one.
    """
    if answer.dropped:
        return [(answer.delay_s, b"")]
    hints = b"" if head_only else _hint(answer, http_1_0)
    first = [(0.0, hints)] if hints else []
    head = _head(answer, http_1_0, close=True)
    body = b"" if head_only else answer.content[: answer.cut_after]
    if not answer.drip_s or not body:
        return [*first, (answer.delay_s, head + body)]
    size = math.ceil(len(body) / max(1, round(answer.drip_s / DRIP_STEP_S)))
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    pause_s = answer.drip_s / len(pieces)
    return [*first, (answer.delay_s, head), *((pause_s, piece) for piece in pieces)]


def _hint(answer: Answer, http_1_0: bool) -> bytes:
    """The interim answer before the answer itself, ``b""`` where there is none."""
    if not answer.early_hints or http_1_0:
        return b""
    lines = [
        "HTTP/1.1 103 Early Hints",
        *(f"{name}: {value}" for name, value in answer.early_hints),
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")


def _head(answer: Answer, http_1_0: bool, close: bool) -> bytes:
    headers, size = answer.sendable_headers(), answer.length
    fixed = _fixed_head(answer.status, headers, size, http_1_0, close)
    return fixed + _date_line(int(time.time()))


@lru_cache(maxsize=2)
def _date_line(now_s: int) -> bytes:
    return b"\r\nDate: " + formatdate(now_s, usegmt=True).encode() + b"\r\n\r\n"


@lru_cache(maxsize=256)
def _fixed_head(
    status: int,
    headers: tuple[tuple[str, str], ...],
    body_bytes: int,
    http_1_0: bool,
    close: bool,
) -> bytes:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Custom"
    lines = [f"HTTP/{'1.0' if http_1_0 else '1.1'} {status} {phrase}"]
    lines += [f"{name}: {value}" for name, value in _list_headers(status, headers, body_bytes)]
    if close:
        lines.append("Connection: close")
    elif http_1_0:
        lines.append("Connection: Keep-Alive")
    return "\r\n".join(lines).encode("latin-1", "replace")


def _list_headers(
    status: int, headers: tuple[tuple[str, str], ...], body_bytes: int
) -> tuple[tuple[str, str], ...]:
    """The chosen headers, and those that each answer has."""
    names = {name.lower() for name, _ in headers}
    listed = list(headers)
    if "content-type" not in names:
        listed.insert(0, ("Content-Type", "text/plain; charset=utf-8"))
    if status not in _BODILESS:
        listed.append(("Content-Length", str(body_bytes)))
    if "content-security-policy" not in names:
        listed.append(("Content-Security-Policy", "sandbox"))
    # Browsers heed the first one alone.
    first = next((value for name, value in headers if name.lower() == _SNIFFING[0].lower()), None)
    if first is None:
        listed.append(_SNIFFING)
    elif first.strip().lower() != _SNIFFING[1]:
        listed.insert(0, _SNIFFING)
    return tuple(listed)


def _may_send(name: str, value: str, kept_back: frozenset[str]) -> bool:
    return name.lower() not in kept_back and not set("\r\n\0") & set(name + value)
