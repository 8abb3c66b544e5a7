"""News of bins, and answers that wait for them.

Neither knows sockets or SQL. An answer that is not known yet is a ``Later``: our
own server parks its socket and holds no thread for it; elsewhere the request's
thread waits.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from inspector.domain import CapturedRequest

Listener = Callable[[Mapping[int, int]], None]


class Step(NamedTuple):
    """``data`` goes to the client now; ``done`` closes the connection after it."""

    data: bytes = b""
    done: bool = False


class Later(Protocol):
    """An answer that will be known later, head included.

    ``bin_id`` is whose news it waits for (None: only for its time); ``after`` the
    highest number it has seen, kept by whoever drives it; ``wake_at`` when it wants
    to be asked even without news, by ``time.monotonic``.
    """

    bin_id: int | None
    after: int
    wake_at: float

    def start(self) -> Step:
        """What goes out at once."""
        ...

    def advance(self, fresh: Sequence[CapturedRequest]) -> Step:
        """What goes out for these new requests (oldest first, perhaps none), or for its time."""
        ...

    def end(self) -> None:
        """The connection is over, by whomever: nothing more is asked."""
        ...


class News:
    """Who has new requests: told by the writer, heard by everybody who waits."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._changed = threading.Condition()
        self._count = 0

    def publish(self, news: Mapping[int, int]) -> None:
        """``{bin_id: highest number}``, from any thread; listeners must not block."""
        for listener in self._listeners:
            listener(news)
        with self._changed:
            self._count += 1
            self._changed.notify_all()

    def listen(self, listener: Listener) -> None:
        """Hear all news from now on."""
        self._listeners = [*self._listeners, listener]

    @property
    def count(self) -> int:
        """How often there was news: take it, look into the database, then ``wait``."""
        return self._count

    def wait(self, seen: int, timeout_s: float) -> bool:
        """Hold this thread until there was news beyond ``seen``; False when the time is up."""
        with self._changed:
            return self._changed.wait_for(lambda: self._count != seen, timeout_s)


class TimedAnswer:
    """A finished answer that goes out in parts, each after its seconds; then it is over."""

    bin_id: int | None = None
    after = 0

    def __init__(self, parts: Sequence[tuple[float, bytes]]) -> None:
        self._parts = deque(parts)
        self.wake_at = time.monotonic() + self._parts[0][0]

    def start(self) -> Step:
        """Nothing yet."""
        return Step()

    def advance(self, fresh: Sequence[CapturedRequest]) -> Step:  # noqa: ARG002 - a Later
        """The parts whose time has come."""
        data = bytearray()
        while self._parts and self.wake_at <= time.monotonic():
            data += self._parts.popleft()[1]
            self.wake_at += self._parts[0][0] if self._parts else 0
        return Step(bytes(data), done=not self._parts)

    def end(self) -> None:
        """Nothing to be done."""


HEARTBEAT_S = 15.0
STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\n"
    b"Content-Type: text/event-stream; charset=utf-8\r\n"
    b"Cache-Control: no-store\r\n"
    b"X-Accel-Buffering: no\r\n"
    b"X-Content-Type-Options: nosniff\r\n"
    b"Cross-Origin-Resource-Policy: same-origin\r\n"
    b"Connection: close\r\n\r\n"
    b"retry: 2000\n\n"
)


class EventStream:
    """Server-Sent Events of one bin (WHATWG HTML, 9.2): ``render`` makes requests into events.

    ``position`` is the id of what was seen before: a reader whose connection is lost
    before its first event resumes from there.
    """

    def __init__(
        self,
        bin_id: int,
        after: int,
        position: str,
        render: Callable[[Sequence[CapturedRequest]], bytes],
    ) -> None:
        self.bin_id: int | None = bin_id
        self.after = after
        self._position = position
        self.wake_at = time.monotonic() + HEARTBEAT_S
        self._render = render

    def start(self) -> Step:
        """The head, so that the reader knows the stream is open, and where it begins."""
        return Step(STREAM_HEAD + f"id: {self._position}\n\n".encode())

    def advance(self, fresh: Sequence[CapturedRequest]) -> Step:
        """Events for the new requests, or a heartbeat."""
        self.wake_at = time.monotonic() + HEARTBEAT_S
        return Step(self._render(fresh) if fresh else b": still here\n\n")

    def end(self) -> None:
        """Nothing to be done."""


def format_event(name: str, data: str, event_id: str = "") -> bytes:
    """One event; ``data`` may have several lines."""
    lines = [f"id: {event_id}"] if event_id else []
    lines.append(f"event: {name}")
    # Only CR LF, LF and CR end a line there; splitlines() would cut at many more.
    text = data.replace("\r\n", "\n").replace("\r", "\n")
    lines += [f"data: {line}" for line in text.split("\n")]
    return ("\n".join(lines) + "\n\n").encode("utf-8", "replace")


# Renderings of one bin's news that are kept for streams that come to them a little later.
MAX_KEPT_BYTES = 1_000_000


def render_once(
    render: Callable[[Sequence[CapturedRequest]], bytes],
) -> Callable[[Sequence[CapturedRequest]], bytes]:
    """Remember the last few renderings: a hundred streams of one bin get the same bytes."""
    kept: dict[tuple[str, str], bytes] = {}

    def rendered(fresh: Sequence[CapturedRequest]) -> bytes:
        key = (fresh[0].id, fresh[-1].id)
        found = kept.get(key)
        if found is None:
            found = render(fresh)
            while kept and sum(map(len, kept.values())) + len(found) > MAX_KEPT_BYTES:
                kept.pop(next(iter(kept)))
            kept[key] = found
        return found

    return rendered
