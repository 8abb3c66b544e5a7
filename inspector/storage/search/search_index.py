"""Indexes that searches ask for candidates, and the thread that fills them.

An index never makes a search fail or miss a match: when it is damaged, lags or belongs to
another database it answers None, and the search reads the requests themselves.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from inspector.clock import time
from inspector.domain import Bin
from inspector.domain.pace import Pace
from inspector.reading.query import Query
from inspector.storage.attempts import KnownDeliveries
from inspector.storage.search.blocks import Block

log = logging.getLogger("inspector.storage")

BATCH = 50
# Indexing waits for a pause between captures, at most this long.
REST_FACTOR = 1_000
CALM_S = 0.25
PATIENCE_S = 30.0
# The number of captures since the last look from which they count as many.
CALM_CAPTURES = 10
# The rest between batches, as a share of the work.
REST = 0.5
# The interval for looking after requests that other processes stored.
IDLE_S = 5.0


class SearchIndex(Protocol):
    """An index of words, which gives candidates to a search.

    Needs an application context.
    """

    def find(self, bin_: Bin, query: Query, *, before: int | None, limit: int) -> list[int] | None:
        """The numbers of the bin's requests below ``before`` that may match, highest first.

        At most ``limit``; fewer when there are no more. Requests that are gone may be among
        them. None where the index cannot tell.
        """
        ...

    def load_blocks(
        self, bin_: Bin, *, first: int, last: int, most: int
    ) -> Mapping[int, Block] | None:
        """The bin's highest blocks that end with one of these numbers, at most ``most``.

        By their last numbers; some may be missing. None where the index cannot tell.
        """
        ...

    def find_deliveries(
        self, bin_id: int, keys: Sequence[int], newest: int
    ) -> KnownDeliveries | None:
        """See ``DeliveryIndex``."""
        ...

    def count_missing(self) -> int:
        """About how many requests are not in it yet."""
        ...

    def fill(self) -> bool:
        """Index some missing requests; True when there may be more."""
        ...

    def close(self) -> None:
        """Close the index."""
        ...


class IndexFiller:
    """A thread that keeps an index up to date and lets captures go first.

    ``fill`` is the index's. Captures are known by ``hear``, those of other instances on the
    database too: an idle one must not fill the index while another is busy storing.
    """

    def __init__(self, fill: Callable[[], bool]) -> None:
        self._fill = fill
        self._numbers: dict[int, int] = {}
        self._stored = 0
        self._news = threading.Event()
        self._pace = Pace(REST_FACTOR, calm_s=CALM_S, max_rest_s=PATIENCE_S)
        self._seen = 0
        self._stopping = False
        self._failed = False
        self._thread = threading.Thread(target=self._run, name="inspector-index", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._news.set()
        self._thread.start()

    def hear(self, news: Mapping[int, int]) -> None:
        """Note new requests: ``{bin_id: highest number}``."""
        for bin_id, number in news.items():
            self._stored += max(0, number - self._numbers.get(bin_id, number - 1))
            self._numbers[bin_id] = number
        self._news.set()

    def stop(self) -> None:
        """End the thread; what is missing is taken in next time."""
        self._stopping = True
        self._news.set()
        if self._thread.is_alive():
            self._thread.join(5)

    def _run(self) -> None:
        while not self._stopping:
            self._news.wait(IDLE_S)
            self._news.clear()
            try:
                self.catch_up()
                self._failed = False
            except Exception as error:
                if not self._failed:  # said once, however often it is tried
                    reason = str(error).partition("\n")[0]
                    log.warning("The index of words waits, searches read instead: %s.", reason)
                    log.debug("Filling the index failed.", exc_info=True)
                self._failed = True
                self._rest(IDLE_S)

    def catch_up(self) -> None:
        """Fill it until nothing is missing."""
        while not self._stopping:
            self._look_for_captures()
            while self._pace.rest_s:
                self._rest(CALM_S)
                self._look_for_captures()
                if self._is_stopped():
                    return
            began = time.monotonic()
            may_be_more = self._fill()
            worked_s = time.monotonic() - began
            self._pace.note_work(worked_s)
            if not may_be_more:
                return
            self._rest(worked_s * REST)

    def _is_stopped(self) -> bool:
        return self._stopping

    def _look_for_captures(self) -> None:
        stored = self._stored
        if stored - self._seen > CALM_CAPTURES:
            self._pace.note_capture()
        self._seen = stored

    def _rest(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if self._stopping:
                return
            time.sleep(min(left, 0.1))
