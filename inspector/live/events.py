"""Event streams: Server-Sent Events of a bin, rendered once for all who read them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeVar

from inspector.clock import time
from inspector.domain import CapturedRequest
from inspector.domain.removals import Removal, join_removals
from inspector.live.deferred import Step

# Requests, oldest first, as the bytes of events; and requests that are gone.
Renderer = Callable[[Sequence[CapturedRequest]], bytes]
RemovalRenderer = Callable[[Sequence[Removal]], bytes]
ChangeRenderer = Callable[[Sequence[int]], bytes]

# Beyond this many removals at once a reader is told to load everything again.
MAX_REMOVALS = 50
# The most rows of an open page that one change renews; others are up to date when opened.
MAX_CHANGES = 100

Noted = TypeVar("Noted")

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

    kind = "stream"

    def __init__(
        self,
        bin_id: int,
        after: int,
        position: str,
        render: Renderer,
        render_removals: RemovalRenderer = lambda removals: b"",  # noqa: ARG005 - not of interest
        render_changes: ChangeRenderer = lambda numbers: b"",  # noqa: ARG005 - not of interest
    ) -> None:
        self.bin_id: int | None = bin_id
        self.after = after
        self._position = position
        self.wake_at = time.monotonic() + HEARTBEAT_S
        self._render = render
        self._render_removals = render_removals
        self._removals: deque[Removal] = deque(maxlen=MAX_REMOVALS)
        self._render_changes = render_changes
        self._changes: deque[int] = deque(maxlen=MAX_CHANGES)

    def note_removal(self, removal: Removal) -> bool:
        """Note requests that are gone, from any thread; True when it should be asked soon.

        A full bin lets go of requests with each capture; such removals go out with the next
        rows.
        """
        self._removals.append(removal)
        return removal.kind != "let_go"

    def note_change(self, number: int) -> None:
        """Note a request of which more is known, from any thread."""
        self._changes.append(number)

    def start(self) -> Step:
        """The head, so that the reader knows the stream is open, and where it begins."""
        return Step(STREAM_HEAD + f"id: {self._position}\n\n".encode())

    def advance(self, fresh: Sequence[CapturedRequest]) -> Step:
        """Events for the new requests, or a heartbeat."""
        self.wake_at = time.monotonic() + HEARTBEAT_S
        data = self._render(fresh) if fresh else b""
        removals, changes = _take_all(self._removals), _take_all(self._changes)
        if removals:
            data += self._render_removals(join_removals(removals))
        # A program may have answered before the request's own event went out: that event comes
        # first.
        self._changes.extend(number for number in changes if number > self.after)
        if told := sorted({number for number in changes if number <= self.after}):
            data += self._render_changes(told)
        return Step(data or b": still here\n\n")

    def end(self) -> None:
        """Nothing to be done."""


def _take_all(noted: deque[Noted]) -> list[Noted]:
    taken = []
    while noted:
        taken.append(noted.popleft())
    return taken


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
    render: Renderer,
) -> Renderer:
    """Remember the last few renderings: a hundred streams of one bin get the same bytes."""
    kept: dict[tuple[str, ...], bytes] = {}

    def rendered(fresh: Sequence[CapturedRequest]) -> bytes:
        key = tuple([each.id for each in fresh])
        found = kept.get(key)
        if found is None:
            found = render(fresh)
            while kept and sum(map(len, kept.values())) + len(found) > MAX_KEPT_BYTES:
                kept.pop(next(iter(kept)))
            # A request that is being relayed will change, so its rendering is not kept.
            if not any(each.relay and each.relay.is_under_way for each in fresh):
                kept[key] = found
        return found

    return rendered


# All streams of a bin get a change or a removal at nearly the same moment.
NOTED_MEMORY_S = 0.2


def render_noted_once(
    render: Callable[[Sequence[Noted]], bytes],
) -> Callable[[Sequence[Noted]], bytes]:
    """Remember the last rendering for a moment: a hundred streams of one bin get the same bytes.

    What is noted can be hashed.
    """
    last: list[tuple[tuple[Noted, ...], float, bytes]] = []

    def rendered(noted: Sequence[Noted]) -> bytes:
        key, now = tuple(noted), time.monotonic()
        if last and last[0][0] == key and now - last[0][1] < NOTED_MEMORY_S:
            return last[0][2]
        found = render(noted)
        last[:] = [(key, now, found)]
        return found

    return rendered
