"""Aggregates over the many requests of a big bin, read piece by piece and kept between looks.

The catalogue, the series and the schema of a bin are such aggregates. A look at one reads
on for about ``TIME_S`` and gives what there is so far; the next look goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from threading import Lock
from typing import Generic, Protocol, TypeVar

from inspector.domain import Bin, CapturedRequest
from inspector.reading.overview.allowance import Allowance

# The newest requests that are read, unless all are asked for.
SAMPLE = 2_000
TIME_S = 0.12
STEP = 100
# The time for a snapshot that the reader asked to wait for.
LONG_TIME_S = 2.0


class StoredRequests(Protocol):
    """The requests of a bin: those numbered above ``after``, oldest first."""

    def iterate(self, bin_: Bin, *, after: int, step: int) -> Iterator[CapturedRequest]:
        """The requests, read ``step`` at a time."""
        ...


class Aggregate(Protocol):
    """An aggregate: requests are added to it, oldest first."""

    request_count: int

    def add(self, request: CapturedRequest) -> None:
        """Take in the next request of the bin."""


Kind = TypeVar("Kind", bound=Aggregate)


@dataclass(frozen=True, slots=True)
class Snapshot(Generic[Kind]):
    """``made`` of ``read`` requests out of the ``total`` in the bin.

    ``wanted`` are to be read in all; ``is_whole`` when nothing of that is left.
    """

    made: Kind
    read: int
    wanted: int
    total: int
    is_whole: bool

    @property
    def is_sample(self) -> bool:
        """True when older requests are in the bin, and nobody asked for them."""
        return self.wanted < self.total


@dataclass
class _Kept(Generic[Kind]):
    """An aggregate of the requests numbered above ``start``, up to ``last``.

    ``gone`` counts the bin's requests that were not there any more.
    """

    made: Kind
    start: int
    last: int
    gone: int
    lock: Lock = field(default_factory=Lock)


class Aggregates(Generic[Kind]):
    """The ``max_kept`` aggregates looked at last, each read on when it is asked for."""

    def __init__(self, max_kept: int) -> None:
        self.max_kept = max_kept
        self._kept: dict[Hashable, _Kept[Kind]] = {}
        self._lock = Lock()

    def recall(self, bin_: Bin, of: Hashable = "") -> Kind | None:
        """The snapshot that a bin has already, without reading on; None without one."""
        kept = self._kept.get((bin_.id, of))
        return None if kept is None else kept.made

    def look(
        self,
        requests: StoredRequests,
        bin_: Bin,
        make: Callable[[], Kind],
        *,
        of: Hashable = "",
        whole: bool = False,
        time_s: float = TIME_S,
    ) -> Snapshot[Kind]:
        """Read on, as far as an ``Allowance`` of ``time_s`` lets it, and see what there is.

        ``of`` tells a bin's aggregates apart. The first look begins at the ``SAMPLE`` newest
        requests, or at the oldest when ``whole`` is set; a whole aggregate then replaces the
        sampled one. An aggregate begins anew when requests were deleted by hand; requests that a
        full bin let go of stay counted. Needs an application context.
        """
        kept = self._find((bin_.id, of), bin_, make, whole=whole)
        with kept.lock:
            is_whole = _read_on(requests, bin_, kept, Allowance(time_s))
            read = kept.made.request_count
            left = 0 if is_whole else max(bin_.last_number - kept.last, 0)
            total = max(bin_.request_count, read)
            wanted = total if kept.start == 0 else min(read + left, total)
            return Snapshot(kept.made, read, wanted, total, is_whole)

    def _find(
        self, key: Hashable, bin_: Bin, make: Callable[[], Kind], *, whole: bool
    ) -> _Kept[Kind]:
        gone = bin_.last_number - bin_.request_count
        oldest = gone if bin_.request_count == bin_.capacity else 0
        with self._lock:
            kept = self._kept.pop(key, None)
            deleted = kept is not None and gone > kept.gone and bin_.request_count < bin_.capacity
            narrow = kept is not None and whole and kept.start > oldest
            if kept is None or deleted or narrow:
                start = 0 if whole else max(0, bin_.last_number - SAMPLE)
                kept = _Kept(make(), start, start, gone)
            kept.gone = gone
            self._kept[key] = kept
            while len(self._kept) > self.max_kept:
                del self._kept[next(iter(self._kept))]
            return kept


def _read_on(requests: StoredRequests, bin_: Bin, kept: _Kept[Kind], allowance: Allowance) -> bool:
    """True when the newest was reached."""
    for request in requests.iterate(bin_, after=kept.last, step=STEP):
        kept.made.add(request)
        kept.last = request.number
        if allowance.is_spent_by(len(request.body)):
            return request.number >= bin_.last_number
    return True
