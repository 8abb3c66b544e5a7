"""A response that is known later: our own server parks its socket and holds no thread for it.

Elsewhere the request's thread waits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from inspector.clock import time
from inspector.domain import CapturedRequest


class Step(NamedTuple):
    """``data`` goes to the client now; ``done`` closes the connection after it."""

    data: bytes = b""
    done: bool = False


class DeferredAnswer(Protocol):
    """An answer that will be known later, head included.

    ``bin_id`` is the bin whose news it waits for (None: only for its time); ``after`` the
    highest number it has seen, kept by the caller; ``wake_at`` the time at which it must be
    asked even without news, by ``time.monotonic``.
    """

    bin_id: int | None
    after: int
    wake_at: float

    def start(self) -> Step:
        """The bytes that go out at once."""
        ...

    def advance(self, fresh: Sequence[CapturedRequest]) -> Step:
        """The bytes for these new requests (oldest first, perhaps none), or for its time."""
        ...

    def end(self) -> None:
        """Called when the connection is over, whoever closed it; nothing is asked afterwards."""
        ...


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

    def advance(self, fresh: Sequence[CapturedRequest]) -> Step:  # noqa: ARG002 - a DeferredAnswer
        """The parts whose time has come."""
        data = bytearray()
        while self._parts and self.wake_at <= time.monotonic():
            data += self._parts.popleft()[1]
            self.wake_at += self._parts[0][0] if self._parts else 0
        return Step(bytes(data), done=not self._parts)

    def end(self) -> None:
        """Nothing to be done."""
