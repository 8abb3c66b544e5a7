"""Deletions that can be taken back: what a page deletes is hidden at once, and goes a little later.

A crash in between keeps the requests. Calls of the API delete at once.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from threading import Lock, Timer

from inspector.domain import Bin, CapturedRequest
from inspector.reading.query import Query
from inspector.storage.search.search import RequestSearch

GRACE_S = 60.0
# As many requests are held back for one deletion, and as many deletions.
MAX_NUMBERS = 20_000
MAX_WAITING = 100
# Matches of a search that are read at a time.
STEP = 500


@dataclass(frozen=True, slots=True)
class Deletion:
    """The requests of a bin that go soon; ``pinned`` of them are pinned."""

    token: str
    bin_id: int
    numbers: frozenset[int]
    pinned: int
    timer: Timer


class Deletions:
    """The deletions of this process that have not been carried out; for any thread.

    ``delete`` is called with a bin's id and numbers, on a thread without an application context.
    """

    def __init__(self, delete: Callable[[int, Collection[int]], None]) -> None:
        self._delete = delete
        self._lock = Lock()
        self._waiting: dict[str, Deletion] = {}
        self._going: dict[str, Deletion] = {}

    def begin(self, bin_id: int, requests: Iterable[CapturedRequest]) -> bool:
        """Hide these, and delete them after ``GRACE_S``; False when they are too many.

        Beyond ``MAX_WAITING`` deletions the first one is carried out.
        """
        pinned: dict[int, bool] = {}
        for each in requests:
            pinned[each.number] = each.pinned
            if len(pinned) > MAX_NUMBERS:
                return False
        token = secrets.token_urlsafe(12)
        timer = Timer(GRACE_S, self._carry_out, [token])
        timer.daemon = True
        deletion = Deletion(token, bin_id, frozenset(pinned), sum(pinned.values()), timer)
        with self._lock:
            self._waiting[token] = deletion
            first = next(iter(self._waiting)) if len(self._waiting) > MAX_WAITING else ""
        timer.start()
        self._carry_out(first)
        return True

    def undo(self, bin_id: int, token: str) -> bool:
        """Keep the requests after all; False when it is too late, or this bin has none such."""
        with self._lock:
            deletion = self._waiting.get(token)
            if deletion is None or deletion.bin_id != bin_id:
                return False
            del self._waiting[token]
        deletion.timer.cancel()
        return True

    def find_last(self, bin_id: int) -> Deletion | None:
        """The bin's last deletion that can be taken back."""
        with self._lock:
            found = [each for each in self._waiting.values() if each.bin_id == bin_id]
        return found[-1] if found else None

    def list_hidden(self, bin_id: int) -> frozenset[int]:
        """The numbers of the bin's requests that are about to go."""
        with self._lock:
            all_of_them = (*self._waiting.values(), *self._going.values())
        return frozenset().union(*(each.numbers for each in all_of_them if each.bin_id == bin_id))

    def leave_out(self, bin_id: int, requests: Sequence[CapturedRequest]) -> list[CapturedRequest]:
        """These requests of the bin without those that are about to go."""
        hidden = self.list_hidden(bin_id)
        return [each for each in requests if each.number not in hidden]

    def count_shown(self, bin_: Bin) -> int:
        """The number of the bin's requests without those that are about to go."""
        return max(0, bin_.request_count - len(self.list_hidden(bin_.id)))

    def close(self, bin_id: int | None = None) -> None:
        """Carry out all of them, or those of a bin."""
        with self._lock:
            tokens = [
                token
                for token, each in self._waiting.items()
                if bin_id is None or each.bin_id == bin_id
            ]
        for token in tokens:
            self._carry_out(token)

    def _carry_out(self, token: str) -> None:
        with self._lock:
            deletion = self._waiting.pop(token, None)
            if deletion is None:
                return
            self._going[token] = deletion
        deletion.timer.cancel()
        try:
            self._delete(deletion.bin_id, deletion.numbers)
        finally:
            with self._lock:
                del self._going[token]


def iterate_found(search: RequestSearch, bin_: Bin, query: Query) -> Iterator[CapturedRequest]:
    """All requests of a bin that a search finds, newest first; no transaction spans two steps."""
    position: int | None = bin_.last_number + 1
    while position is not None:
        found = search.find(bin_, query, limit=STEP, before=position)
        yield from found.requests
        position = found.searched_to
