"""Outcomes of forwarding stored requests, as far as they are known."""

from __future__ import annotations

import logging
from typing import NamedTuple

from inspector.clock import time
from inspector.domain.relays.outcomes import INTERRUPTED, INTERRUPTED_MESSAGE, RelayOutcome
from inspector.domain.requests import CapturedRequest
from inspector.storage.answers import FetchRow
from inspector.storage.database.faults import log_failed

log = logging.getLogger("inspector.storage")

MEMORY_S = 0.05

_RANGE = (
    "SELECT min(number), max(number), (SELECT last_number FROM bins WHERE id = :bin_id)"
    " FROM relays WHERE bin_id = :bin_id"
)
_RELAY = (
    "SELECT url, status, duration_ms, delivery, error_code, error, withheld, until_us FROM relays"
    " WHERE bin_id = :bin_id AND number = :number"
)


class RelayFinder:
    """Finds the outcome of relaying a request; ``ReadSettings.find_relay``.

    The numbers that were passed on at all are remembered for ``MEMORY_S``, so that a list of a
    bin that relays nothing costs one query. Never raises: without an answer of the database
    nothing is known.
    """

    def __init__(self, fetch: FetchRow) -> None:
        self._fetch = fetch
        self._last: _Numbers | None = None

    def __call__(self, request: CapturedRequest) -> RelayOutcome | None:
        """The outcome so far; None for a request that is not forwarded."""
        try:
            numbers = self._find_numbers(request.bin_id, request.number)
            if not numbers.first <= request.number <= numbers.last:
                return None
            row = self._fetch(_RELAY, {"bin_id": request.bin_id, "number": request.number})
        except Exception as error:
            log_failed(log, "What came of a relay could not be read", error)
            return None
        return None if row is None else to_outcome(*row)

    def forget(self) -> None:
        """Read the numbers anew: old requests were passed on, too."""
        self._last = None

    def _find_numbers(self, bin_id: int, number: int) -> _Numbers:
        """The bin's numbers as remembered for ``MEMORY_S``; read anew for a number beyond them."""
        last, now = self._last, time.monotonic()
        if last is not None and last.covers(bin_id, number) and now - last.read_at < MEMORY_S:
            return last
        first, highest, given = self._fetch(_RANGE, {"bin_id": bin_id})
        self._last = _Numbers(bin_id, now, first or 0, highest or 0, given or 0)
        return self._last


class _Numbers(NamedTuple):
    """The range of a bin's relayed requests, and the highest number of all then."""

    bin_id: int
    read_at: float
    first: int
    last: int
    given: int

    def covers(self, bin_id: int, number: int) -> bool:
        return self.bin_id == bin_id and number <= self.given


def to_outcome(
    url: str,
    status: int | None,
    duration_ms: float | None,
    delivery: int | None,
    error_code: str | None,
    error: str | None,
    withheld: str | None,
    until_us: int,
) -> RelayOutcome:
    """A row's outcome; one whose time is long over counts as interrupted."""
    names = tuple(withheld.split(",")) if withheld else ()
    outcome = RelayOutcome(url, status, duration_ms, delivery, error_code, error, names)
    if outcome.is_under_way and until_us < time.time_ns() // 1000:
        return outcome._replace(error_code=INTERRUPTED, error=INTERRUPTED_MESSAGE)
    return outcome
