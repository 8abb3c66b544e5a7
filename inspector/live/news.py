"""News of bins, and answers that wait for them.

No sockets and no SQL here. An answer that is not known yet is a ``DeferredAnswer``: our own
server parks its socket without a thread; under other servers the request's thread waits.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from inspector.domain.removals import Removal

Listener = Callable[[Mapping[int, int]], None]
RemovalListener = Callable[[Removal], None]
ChangeListener = Callable[[int, int], None]


class News:
    """News of bins, published by the writer to all who listen."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._removal_listeners: list[RemovalListener] = []
        self._change_listeners: list[ChangeListener] = []
        self._changed = threading.Condition()
        self._count = 0

    def publish(self, news: Mapping[int, int]) -> None:
        """``{bin_id: highest number}``, from any thread; listeners must not block."""
        for listener in self._listeners:
            listener(news)
        self._note()

    def publish_removal(self, removal: Removal) -> None:
        """Requests are gone, from any thread; listeners must not block."""
        for listener in self._removal_listeners:
            listener(removal)
        self._note()

    def publish_change(self, bin_id: int, number: int) -> None:
        """More is known of a request, from any thread; listeners must not block."""
        for listener in self._change_listeners:
            listener(bin_id, number)
        self._note()

    def listen_to_changes(self, listener: ChangeListener) -> None:
        """Subscribe to changes: requests relayed, pinned or noted, in any instance."""
        self._change_listeners = [*self._change_listeners, listener]

    def listen_to_removals(self, listener: RemovalListener) -> None:
        """Subscribe to removals of requests, in any instance."""
        self._removal_listeners = [*self._removal_listeners, listener]

    def listen(self, listener: Listener) -> None:
        """Subscribe to new requests."""
        self._listeners = [*self._listeners, listener]

    def _note(self) -> None:
        with self._changed:
            self._count += 1
            self._changed.notify_all()

    @property
    def count(self) -> int:
        """A count of the news: take it, look into the database, then ``wait``."""
        return self._count

    def wait(self, seen: int, timeout_s: float) -> bool:
        """Hold this thread until there was news beyond ``seen``; False when the time is up."""
        with self._changed:
            return self._changed.wait_for(lambda: self._count != seen, timeout_s)
