"""Counts and distributions since the start, for those who watch."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Histogram:
    """Counts of values up to each of ``bounds``, and the values' sum."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.total = 0.0
        self._counts = [0] * (len(bounds) + 1)

    def observe(self, value: float) -> None:
        """Count a value."""
        self._counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def buckets(self) -> Iterator[tuple[str, int]]:
        """Bounds as text and how many values lie at or below each, ``+Inf`` last."""
        names = [*map(repr, map(float, self.bounds)), "+Inf"]
        return zip(names, accumulate(self._counts), strict=True)


@dataclass
class CaptureCounts:
    """Counts of captures by outcome, without those of private bins.

    ``outcomes``: stored, refused (stored, but answered with an error), limited (429),
    no_bin (404) and failed (503). ``bytes`` are of bodies that were stored; ``seconds``
    pass between the last byte of a request and its answer, or until its delay begins.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    bytes: int = 0
    seconds: Histogram = field(default_factory=lambda: Histogram(SECONDS))


@dataclass(frozen=True, slots=True)
class ServerCounts:
    """Gauges of a server at one moment; ``waiting_pages`` are those that wait for a thread.

    ``kinds`` are those of parked responses: stream, wait, answer. ``relays`` are requests that are
    being passed on to a program.
    """

    captures: CaptureCounts
    connections: int
    parked: int
    waiting_pages: int
    kinds: Counter[str] = field(default_factory=Counter)
    relays: int = 0
