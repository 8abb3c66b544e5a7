"""The pace of background work beside captures: captures go first.

Streams, waiting calls, deletions and the index of words all share one interpreter and one
database with the captures. Background work asks here how long to rest.
"""

from __future__ import annotations

from inspector.clock import time


class Pace:
    """Rests for background work: after working for t, ``factor`` times t while captures come.

    A rest is at most ``max_rest_s``. Captures count as still coming until ``calm_s`` after the
    last one; after that no rest is due. ``note_capture`` may be called from any thread and
    costs next to nothing; the rest belongs to the thread that works.
    """

    def __init__(self, factor: float, *, calm_s: float, max_rest_s: float) -> None:
        self._factor = factor
        self._calm_s = calm_s
        self._max_rest_s = max_rest_s
        self._calm_at = 0.0
        self._rested_at = 0.0

    def note_capture(self) -> None:
        """Captures came just now."""
        self._calm_at = time.monotonic() + self._calm_s

    def note_work(self, worked_s: float) -> None:
        """Note work that was done: its rest is added to the rest that is still due."""
        now = time.monotonic()
        owed_s = max(self._rested_at - now, 0.0) + self._factor * worked_s
        self._rested_at = now + min(owed_s, self._max_rest_s)

    @property
    def busy_s(self) -> float:
        """Seconds until captures will have ceased, if none comes meanwhile."""
        return max(0.0, self._calm_at - time.monotonic())

    @property
    def rest_s(self) -> float:
        """Seconds to rest before more work, 0 for none."""
        return max(0.0, min(self._calm_at, self._rested_at) - time.monotonic())
