"""Searching a bin: the index finds candidates, the query itself decides.

Requests that are not indexed yet are read, newest first, within a time; the result says how far
that got, so that the reader can go on from there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from inspector.clock import time
from inspector.domain import Bin, CapturedRequest
from inspector.reading.query import Query
from inspector.storage.requests import RequestStore
from inspector.storage.rows import find_arrival, has_imported
from inspector.storage.search.blocks import Candidates, find_candidates, find_last
from inspector.storage.search.search_index import SearchIndex

STEP = 50
TIME_S = 0.15
BINS_TIME_S = 0.5
# Blocks that a step looks at: few where there are matches, many where there are none.
FEW_BLOCKS = 4
MANY_BLOCKS = 256


@dataclass(frozen=True, slots=True)
class Found:
    """Matching requests, newest first.

    ``searched_to`` is the number down to which everything was looked at: go on with
    ``before=searched_to``; None when nothing older is left.
    """

    requests: list[CapturedRequest]
    searched_to: int | None


class RequestSearch:
    """Search in the requests of bins.

    Needs an application context. ``index`` may be set when there is one.

    A search stops after ``time_s`` with what it has, and so does one for neighbours.
    """

    def __init__(self, requests: RequestStore, time_s: float = TIME_S) -> None:
        self._requests = requests
        self._time_s = time_s
        self.index: SearchIndex | None = None
        # By bin: the number up to which imported requests were looked for, and True when there was
        # one.
        self._imported: dict[int, tuple[int, bool]] = {}

    def find(
        self,
        bin_: Bin,
        query: Query,
        *,
        limit: int = 50,
        before: int | None = None,
        after: int | None = None,
        method: str | None = None,
        time_s: float | None = None,
    ) -> Found:
        """The newest ``limit`` matches numbered below ``before`` and above ``after``.

        Stops when the time is up with what it has; at least one step is always made.
        """
        deadline = time.monotonic() + (self._time_s if time_s is None else time_s)
        found: list[CapturedRequest] = []
        reached = before
        for step in self._steps(bin_, query, before):
            for request in step.requests:
                if after is not None and request.number <= after:
                    return Found(found, None)
                reached = request.number
                if (method is None or request.method == method) and query.matches(request):
                    found.append(request)
                    if len(found) == limit:
                        return Found(found, reached)
            if step.searched_to is None:
                return Found(found, None)
            reached = step.searched_to
            if time.monotonic() > deadline:
                return Found(found, reached)
        return Found(found, None)

    def find_in_bins(
        self, bins: Iterable[Bin], query: Query, *, limit: int, before: tuple[int, int] | None
    ) -> tuple[list[CapturedRequest], tuple[int, int] | None]:
        """The matches in these bins: the newest bin first, in each the newest request.

        ``before`` is a bin's id and a number in it, below which to begin; where to go on is
        told the same way, None when nothing is left.
        """
        deadline = time.monotonic() + BINS_TIME_S
        found: list[CapturedRequest] = []
        go_on: tuple[int, int] | None = None
        for bin_ in sorted(bins, key=lambda each: -each.id):
            if before is not None and bin_.id > before[0]:
                continue
            if go_on is not None and (len(found) == limit or time.monotonic() > deadline):
                return found, go_on
            below = before[1] if before is not None and bin_.id == before[0] else None
            step = self.find(bin_, query, limit=limit - len(found), before=below)
            found += step.requests
            if step.searched_to is not None:
                return found, (bin_.id, step.searched_to)
            go_on = (bin_.id, 1)
        return found, None

    def count(
        self, bin_: Bin, query: Query, *, before: int | None = None, time_s: float | None = None
    ) -> tuple[int, int | None]:
        """The number of matches below ``before``, and down to which number they were counted.

        That is None when all were, within the time.
        """
        deadline = time.monotonic() + (self._time_s if time_s is None else time_s)
        count = 0
        for step in self._steps(bin_, query, before):
            count += sum(map(query.matches, step.requests))
            if step.searched_to is None:
                break
            if time.monotonic() > deadline:
                return count, step.searched_to
        return count, None

    def find_neighbours(
        self, bin_: Bin, query: Query, number: int, *, time_s: float | None = None
    ) -> tuple[str | None, str | None]:
        """The ids of the next older and the next newer match.

        None where there is none, or none was found in the time for each.
        """
        time_s = self._time_s if time_s is None else time_s
        older = self.find(bin_, query, limit=1, before=number, time_s=time_s).requests
        newer = self._find_newer(bin_, query, number, time.monotonic() + time_s)
        return older[0].id if older else None, newer

    def _find_newer(self, bin_: Bin, query: Query, number: int, deadline: float) -> str | None:
        """Searching goes from the newest down, so look below ever higher ceilings."""
        width = STEP
        while number < bin_.last_number and (left := deadline - time.monotonic()) > 0:
            found = self.find(
                bin_, query, limit=width + 1, before=number + width + 1, after=number, time_s=left
            )
            if found.searched_to is not None:
                return None
            if found.requests:
                return found.requests[-1].id
            number += width
            width *= 4
        return None

    def _steps(self, bin_: Bin, query: Query, before: int | None) -> Iterator[Found]:
        """Candidates, newest first; each step says how far down it covers."""
        position = before
        is_timed = query.before_us is not None or query.after_us is not None
        if is_timed and self._has_imported(bin_):
            # Imported requests have times of their own, so every candidate is looked at.
            query = replace(query, after_us=None, before_us=None)
        if query.before_us is not None:
            position = self._first_from(bin_, query.before_us, position)
        if query.highest is not None:
            position = min(position or query.highest + 1, query.highest + 1)
        most = FEW_BLOCKS
        while True:
            if query.lowest is not None and position is not None and position <= query.lowest:
                yield Found([], None)
                return
            step = (
                self._list_annotated(bin_, query, position)
                or self._ask_blocks(bin_, query, position, most=most)
                or self._ask_index(bin_, query, position)
                or self._read(bin_, query, position)
            )
            yield step
            if step.searched_to is None:
                return
            position = step.searched_to
            most = FEW_BLOCKS if step.requests else min(most * FEW_BLOCKS, MANY_BLOCKS)

    def _list_annotated(self, bin_: Bin, query: Query, before: int | None) -> Found | None:
        """A step of those with a pin or a note, where only they can match."""
        if not query.is_annotated:
            return None
        numbers = self._requests.list_annotated(bin_, limit=STEP, before=before)
        keys = self._requests.find_keys(bin_, numbers)
        found = list(self._requests.iterate_keys(bin_, keys))
        return Found(found, numbers[-1] if len(numbers) == STEP else None)

    def _ask_index(self, bin_: Bin, query: Query, before: int | None) -> Found | None:
        """A step of what the index finds; None where it cannot tell."""
        if self.index is None or not query.is_indexed:
            return None
        numbers = self.index.find(bin_, query, before=before, limit=STEP)
        if numbers is None:
            return None
        keys = self._requests.find_keys(bin_, numbers)
        found = list(self._requests.iterate_keys(bin_, keys))
        is_over = len(numbers) < STEP or (bool(found) and _too_old(query, found[-1]))
        return Found(found, None if is_over else numbers[-1])

    def _ask_blocks(
        self, bin_: Bin, query: Query, before: int | None, *, most: int
    ) -> Found | None:
        """A step of what is in blocks that may match; None where there are none.

        ``most`` blocks are looked at. The newest are always read: there may be some that
        ``bin_`` does not know of.
        """
        judge = query.judge
        if self.index is None or judge is None or before is None:
            return None
        lowest = bin_.kept_from
        if not lowest < before <= bin_.last_number + 1:
            return None
        blocks = self.index.load_blocks(bin_, first=lowest, last=find_last(before - 1), most=most)
        if not blocks:
            return None
        told = find_candidates(blocks, judge, before=before, lowest=lowest, limit=STEP, most=most)
        numbers, reached = told
        if numbers and query.is_indexed:
            by_words = self.index.find(bin_, query, before=numbers[0] + 1, limit=STEP)
            if by_words is not None:
                numbers, reached = _join(told, by_words)
        keys = self._requests.find_keys(bin_, numbers)
        found = list(self._requests.iterate_keys(bin_, keys))
        is_over = reached <= (lowest if not bin_.kept_below else 1)
        is_over = is_over or (bool(found) and _too_old(query, found[-1]))
        return Found(found, None if is_over else reached)

    def _read(self, bin_: Bin, query: Query, before: int | None) -> Found:
        """A step of requests as they stand in the bin."""
        page = self._requests.page(bin_, limit=STEP, before=before)
        oldest = page.requests[-1] if page.requests else None
        is_over = oldest is None or not page.has_more or _too_old(query, oldest)
        return Found(page.requests, None if is_over or oldest is None else oldest.number)

    def _has_imported(self, bin_: Bin) -> bool:
        number, found = self._imported.get(bin_.id, (0, False))
        if not found and number < bin_.last_number:
            found = has_imported(bin_, number)
            self._imported[bin_.id] = (bin_.last_number, found)
        return found

    def find_at(self, bin_: Bin, moment_us: int) -> int:
        """The lowest number received at this moment or later, one above the last for none.

        Taken from where it would stand: what came from a file has times of its own.
        """
        return self._first_from(bin_, moment_us, None)

    @staticmethod
    def _first_from(bin_: Bin, moment_us: int, before: int | None) -> int:
        """The lowest number received at ``moment_us`` or later, found by halving."""
        high = bin_.last_number + 1 if before is None else before
        low = 1
        while low < high:
            middle = (low + high) // 2
            at = find_arrival(bin_, middle)
            if at is not None and at >= moment_us:
                high = middle
            else:
                low = middle + 1
        return low


def _join(told: Candidates, by_words: list[int]) -> Candidates:
    """The candidates found by both blocks and words."""
    if not by_words:
        return Candidates([], 1)
    if by_words[0] < told.reached:
        return Candidates([], by_words[0] + 1)
    wanted = set(told.numbers)
    reached = max(told.reached, by_words[-1]) if len(by_words) == STEP else told.reached
    return Candidates([number for number in by_words if number in wanted], reached)


def _too_old(query: Query, oldest: CapturedRequest) -> bool:
    return query.after_us is not None and oldest.received_us < query.after_us
