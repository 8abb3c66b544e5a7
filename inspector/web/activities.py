"""When the requests of a bin came, kept up to date for the pages that draw it."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock

from inspector.domain import Bin
from inspector.reading.text import shorten
from inspector.reading.timeline import METHOD, Activity, Timeline
from inspector.storage.requests import RequestStore

MAX_KEPT = 100
MAX_METHOD_CHARS = 20


@dataclass
class _Kept:
    activity: Activity = field(default_factory=Activity)
    last_number: int = 0
    lock: Lock = field(default_factory=Lock)


class Activities:
    """Counts by time and method of the bins looked at last.

    What came since the last look is counted when the next one is made. What is gone is
    taken to be the oldest, as it is in a full bin: a picture needs no more.
    """

    def __init__(self, requests: RequestStore) -> None:
        self._requests = requests
        self._kept: dict[int, _Kept] = {}
        self._lock = Lock()

    def draw(self, bin_: Bin) -> Timeline | None:
        """The bin's requests over time by method; None when it has none."""
        with self._lock:
            kept = self._kept.pop(bin_.id, None) or _Kept()
            self._kept[bin_.id] = kept
            while len(self._kept) > MAX_KEPT:
                del self._kept[next(iter(self._kept))]
        with kept.lock:
            self._count(bin_, kept)
            kept.activity.drop_oldest(kept.activity.total - bin_.request_count)
            if kept.activity.is_coarse:
                kept.activity, kept.last_number = Activity(), 0
                self._count(bin_, kept)
            return kept.activity.to_timeline(METHOD)

    def _count(self, bin_: Bin, kept: _Kept) -> None:
        if bin_.last_number <= kept.last_number:
            return
        found = self._requests.count_by_time(
            bin_,
            after=kept.last_number,
            up_to=bin_.last_number,
            width_s=kept.activity.width_s,
        )
        for second, method, count in found:
            kept.activity.add(second, shorten(method, MAX_METHOD_CHARS), count)
        kept.last_number = bin_.last_number
