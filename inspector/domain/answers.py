"""What a bin answers its senders: 200 ``ok`` unless its owner says otherwise."""

from __future__ import annotations

import json
import time
from base64 import b64decode
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus

MAX_DELAY_S = 300.0


@dataclass(frozen=True, slots=True)
class Answer:
    """``headers`` go out as given, in order; framing headers are ours.

    ``delay_s`` is waited before the first byte.
    """

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b"ok\n"
    delay_s: float = 0.0

    def sendable_headers(self) -> list[tuple[str, str]]:
        """The headers that may go out: none that frames, none that acts beyond the answer."""
        return [(name, value) for name, value in self.headers if _may_send(name, value)]


DEFAULT = Answer()

# Set on our origin these would reach beyond the one answer; see SECURITY.md.
_DROPPED_HEADERS = frozenset(
    (
        "set-cookie",
        "service-worker-allowed",
        "clear-site-data",
        "content-length",
        "transfer-encoding",
        "connection",
        "date",
        "content-security-policy",
    )
)


def choose_answer(answers: str | None) -> Answer:
    """The answer that a bin's stored ``answers`` give; the default for None."""
    return DEFAULT if answers is None else _load(answers)


@lru_cache(maxsize=256)
def _load(answers: str) -> Answer:
    wanted = json.loads(answers)
    return Answer(
        status=int(wanted.get("status", 200)),
        headers=tuple((str(name), str(value)) for name, value in wanted.get("headers", ())),
        body=b64decode(wanted.get("body_base64", "b2sK")),
        delay_s=min(float(wanted.get("delay_s", 0)), MAX_DELAY_S),
    )


def render_answer(answer: Answer, *, head_only: bool, http_1_0: bool, close: bool) -> bytes:
    """The answer as it goes over the wire.

    ``head_only`` for HEAD: the same head, no body. Whatever the bin's owner chose,
    the answer is a sandbox of its own and cannot act on the server's pages.
    """
    return _head(answer, http_1_0, close) + (b"" if head_only else answer.body)


@lru_cache(maxsize=256)
def _fixed_head(answer: Answer, http_1_0: bool, close: bool) -> bytes:
    names = {name.lower() for name, _ in answer.headers}
    try:
        phrase = HTTPStatus(answer.status).phrase
    except ValueError:
        phrase = "Custom"
    lines = [f"HTTP/{'1.0' if http_1_0 else '1.1'} {answer.status} {phrase}"]
    if "content-type" not in names:
        lines.append("Content-Type: text/plain; charset=utf-8")
    lines += [f"{name}: {value}" for name, value in answer.sendable_headers()]
    if answer.status >= 200 and answer.status not in (204, 304):
        lines.append(f"Content-Length: {len(answer.body)}")
    lines += ["Content-Security-Policy: sandbox", "X-Content-Type-Options: nosniff"]
    if close:
        lines.append("Connection: close")
    elif http_1_0:
        lines.append("Connection: Keep-Alive")
    return "\r\n".join(lines).encode("latin-1", "replace")


def _head(answer: Answer, http_1_0: bool, close: bool) -> bytes:
    date = _date_line(int(time.time()))
    return _fixed_head(answer, http_1_0, close) + date


@lru_cache(maxsize=2)
def _date_line(now_s: int) -> bytes:
    return b"\r\nDate: " + formatdate(now_s, usegmt=True).encode() + b"\r\n\r\n"


def _may_send(name: str, value: str) -> bool:
    return name.lower() not in _DROPPED_HEADERS and not set("\r\n\0") & set(name + value)
