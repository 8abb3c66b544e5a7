"""Counts of a bin's requests over time, kept up to date for the pages that draw them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Protocol

from inspector.domain import Bin
from inspector.reading.overview.timeline import METHOD, Activity, Timeline
from inspector.reading.text import shorten

MAX_KEPT = 100
# Requests counted for one page: a big bin is counted over several pages.
MAX_COUNTED = 10_000
MAX_METHOD_CHARS = 20


class CountedRequests(Protocol):
    """The counts of a bin's requests by time and method (``RequestStore.count_by_time``)."""

    def count_by_time(
        self, bin_: Bin, *, after: int, up_to: int, width_s: int
    ) -> Iterable[tuple[int, str, int]]:
        """Each second, method and count of the requests numbered above ``after``, to ``up_to``."""
        ...


@dataclass
class _Kept:
    """The requests numbered above ``first``, up to ``last``, are counted."""

    first: int
    last: int
    activity: Activity = field(default_factory=Activity)


class Activities:
    """Counts by time and method of the bins looked at last.

    Each look counts the requests since the last one, and some of the older ones that are not
    counted yet. Deleted requests are taken to be the oldest, as in a full bin, which is exact
    enough for a picture.
    """

    def __init__(self, requests: CountedRequests) -> None:
        self._requests = requests
        self._kept: dict[int, _Kept] = {}
        self._lock = Lock()

    def draw(self, bin_: Bin) -> Timeline | None:
        """The bin's requests over time by method; None when it has none.

        ``is_whole`` is False while older ones are to be counted: draw again.
        """
        with self._lock:
            kept = self._kept.pop(bin_.id, None)
            if (
                kept is None
                or kept.activity.is_coarse
                or bin_.last_number - kept.last > MAX_COUNTED
            ):
                kept = _Kept(bin_.last_number, bin_.last_number)
            self._kept[bin_.id] = kept
            while len(self._kept) > MAX_KEPT:
                del self._kept[next(iter(self._kept))]
            self._count(bin_, kept, kept.last, bin_.last_number)
            kept.last = max(kept.last, bin_.last_number)
            if not _is_whole(bin_, kept):
                lowest = max(kept.first - MAX_COUNTED, 0)
                self._count(bin_, kept, lowest, kept.first)
                kept.first = lowest
            kept.activity.drop_oldest(kept.activity.total - bin_.request_count)
            timeline = kept.activity.to_timeline(METHOD)
            return timeline and replace(timeline, is_whole=_is_whole(bin_, kept))

    def _count(self, bin_: Bin, kept: _Kept, after: int, up_to: int) -> None:
        if after >= up_to:
            return
        width_s = kept.activity.width_s
        found = self._requests.count_by_time(bin_, after=after, up_to=up_to, width_s=width_s)
        for second, method, count in found:
            kept.activity.add(second, shorten(method, MAX_METHOD_CHARS), count)


def _is_whole(bin_: Bin, kept: _Kept) -> bool:
    return kept.first == 0 or kept.activity.total >= bin_.request_count
