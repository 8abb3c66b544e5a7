"""A histogram of latencies: any number of them in constant space."""

from __future__ import annotations

import math
from collections.abc import Iterator

SMALLEST_MS = 0.01
GROWTH = 1.02  # Each bucket is 2 % wider than the one before: that is the error of a percentile.
BUCKETS = 1_100  # Up to about eight hours.

_LOG_GROWTH = math.log(GROWTH)

# The bounds of the printed histogram: 1, 2, 5, 10, ... milliseconds.
BOUNDS_MS = tuple(base * 10**power for power in range(6) for base in (1, 2, 5))


class Latencies:
    """Counts times in milliseconds; the caller must let only one thread write at a time."""

    def __init__(self) -> None:
        self._counts = [0] * BUCKETS
        self.count = 0
        self.total_ms = 0.0
        self.max_ms = 0.0

    def record(self, ms: float) -> None:
        """Count one time."""
        position = math.log(ms / SMALLEST_MS) / _LOG_GROWTH if ms > SMALLEST_MS else 0.0
        self._counts[min(BUCKETS - 1, int(position))] += 1
        self.count += 1
        self.total_ms += ms
        self.max_ms = max(self.max_ms, ms)

    def percentile(self, percent: float) -> float:
        """The time within which so many percent stayed, at most 2 % too high; 0 for none."""
        wanted = math.ceil(self.count * percent / 100)
        seen = 0
        for upper_ms, count in self._buckets():
            seen += count
            if count and seen >= wanted:
                return min(upper_ms, self.max_ms)
        return 0.0

    def histogram(self) -> list[tuple[float, int]]:
        """Upper bounds (1, 2, 5, 10, ... ms) and how many took up to so long, to the last used.

        Times beyond the last bound are counted at it.
        """
        counts = [0] * len(BOUNDS_MS)
        slot = 0
        for upper_ms, count in self._buckets():
            while slot < len(BOUNDS_MS) - 1 and upper_ms > BOUNDS_MS[slot] * GROWTH:
                slot += 1
            counts[slot] += count
        used = max((index for index, count in enumerate(counts) if count), default=-1)
        return list(zip(BOUNDS_MS[: used + 1], counts, strict=False))

    def _buckets(self) -> Iterator[tuple[float, int]]:
        upper_ms = SMALLEST_MS
        for count in self._counts:
            upper_ms *= GROWTH
            yield upper_ms, count
