"""The attempts of stored requests, from the index of words and from requests not indexed yet.

Capturing looks nothing up. The index gets each request's delivery key (``domain.attempts``) a
little later; until then the newest requests are read for their keys. Where there is no index,
as in a test's server, the keys that were read are kept in memory.
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from inspector.domain.attempts import MAX_ATTEMPTS, Attempt, DeliveryKey, count_attempts
from inspector.domain.requests import CapturedRequest
from inspector.domain.summaries import LISTED_BODY_BYTES
from inspector.storage.database.faults import log_failed
from inspector.storage.records import REQUEST_COLUMNS, ReadSettings, make_id, to_request

log = logging.getLogger("inspector.storage")

# Gives all rows, from any thread. Parameters are written ``:name``.
FetchRows = Callable[[str, Mapping[str, Any]], Sequence[Any]]

# The newest requests that are read when no index has them.
MAX_READ = 100
MAX_KEPT_KEYS = 10_000
MAX_KEPT_BINS = 100

# Pinned requests are kept below that number.
_IS_KEPT = (
    "(number >= (SELECT kept_from FROM bins WHERE id = :bin_id) OR EXISTS (SELECT 1"
    " FROM annotations AS noted WHERE noted.bin_id = requests.bin_id"
    " AND noted.number = requests.number AND noted.pinned))"
)
_NEWEST = 2**62
_COLUMNS = ", ".join(REQUEST_COLUMNS[:-2])
_UNKNOWN = (
    f"SELECT {_COLUMNS}, NULL, CASE WHEN body_size <= :most_bytes THEN body ELSE :none END"  # noqa: S608 - constants
    " FROM requests WHERE bin_id = :bin_id AND number > :known_to AND number <= :newest"
    f" AND {_IS_KEPT}"
    " ORDER BY number DESC LIMIT :most"
)
_TIMES = (
    "SELECT number, received_us FROM requests"  # noqa: S608 - constants and numbers
    " WHERE bin_id = :bin_id AND number IN ({numbers})"
    f" AND {_IS_KEPT}"
)


class KnownDeliveries(NamedTuple):
    """Numbers of a bin's requests by delivery key; complete for those up to ``known_to``.

    Requests that are gone may be among them.
    """

    numbers: Mapping[int, Sequence[int]]
    known_to: int


class LaterAttempt(NamedTuple):
    """A later try of the same delivery: the request's ``id``, and the attempt that it is."""

    id: str
    attempt: Attempt


class DeliveryIndex(Protocol):
    """An index that knows the delivery keys of requests; asked from any thread."""

    def find_deliveries(
        self, bin_id: int, keys: Sequence[int], newest: int
    ) -> KnownDeliveries | None:
        """At most ``MAX_ATTEMPTS`` numbers up to ``newest`` of each key; None where it cannot."""
        ...


@dataclass(slots=True)
class _BinKeys:
    """The keys of a bin's requests up to ``last``, with their numbers in order."""

    last: int = 0
    numbers: dict[int, list[int]] = field(default_factory=dict)

    def add(self, request: CapturedRequest) -> None:
        """Keep the key of a request behind the last one."""
        self.last = request.number
        key = request.summary.delivery_key
        if key is not None:
            self.numbers.setdefault(key.value, []).append(request.number)
            if len(self.numbers) > MAX_KEPT_KEYS:
                self.numbers.pop(next(iter(self.numbers)))


class RememberedDeliveries:
    """A ``DeliveryIndex`` in memory: each request is read once, when one is asked for.

    ``read`` gives a bin's requests between two numbers, the newest ``MAX_READ``. Of a bin
    the newest ``MAX_KEPT_KEYS`` are kept, of so many bins the last ones.
    """

    def __init__(self, read: Callable[[int, int, int], Sequence[CapturedRequest]]) -> None:
        self._read = read
        self._bins: dict[int, _BinKeys] = {}
        self._lock = threading.Lock()

    def find_deliveries(self, bin_id: int, keys: Sequence[int], newest: int) -> KnownDeliveries:
        """See ``DeliveryIndex``."""
        with self._lock:
            known = self._open(bin_id)
            if newest > known.last:
                for each in reversed(self._read(bin_id, known.last, newest)):
                    known.add(each)
            found = {
                key: [number for number in known.numbers.get(key, ()) if number <= newest]
                for key in keys
            }
        return KnownDeliveries(
            {key: numbers[-MAX_ATTEMPTS:] for key, numbers in found.items()}, newest
        )

    def note(self, bin_id: int, requests: Sequence[CapturedRequest]) -> None:
        """Keep the keys of requests that were read elsewhere, so that they are not read again."""
        with self._lock:
            known = self._open(bin_id)
            for each in sorted(requests, key=lambda one: one.number):
                if each.number == known.last + 1:
                    known.add(each)

    def _open(self, bin_id: int) -> _BinKeys:
        known = self._bins.pop(bin_id, None) or _BinKeys()
        self._bins[bin_id] = known
        if len(self._bins) > MAX_KEPT_BINS:
            self._bins.pop(next(iter(self._bins)))
        return known


class AttemptFinder:
    """Finds the attempts that requests are; ``ReadSettings.find_attempts``.

    ``index`` may be set when there is one. Never raises: without an answer of the database
    there are none.
    """

    def __init__(self, fetch: FetchRows, settings: ReadSettings) -> None:
        self._fetch = fetch
        limits = settings.limits._replace(max_decoded_bytes=LISTED_BODY_BYTES)
        self._settings = ReadSettings(limits)
        self._remembered = RememberedDeliveries(self._read)
        self.index: DeliveryIndex | None = None

    def __call__(self, requests: Sequence[CapturedRequest]) -> Mapping[int, Attempt]:
        """The attempts of requests of one bin, by number; some may have none."""
        keys = {each.number: key for each in requests if (key := each.summary.delivery_key)}
        if not keys:
            return {}
        try:
            return self._find(requests[0].bin_id, requests, keys)
        except Exception as error:
            log_failed(log, "The attempts of requests could not be read", error)
            return {}

    def find_last(self, request: CapturedRequest) -> LaterAttempt | None:
        """The last try of the request's delivery, None where none came after it."""
        key = request.summary.delivery_key
        if key is None:
            return None
        try:
            found = self._find(request.bin_id, [request], {request.number: key}, newest=_NEWEST)
        except Exception as error:
            log_failed(log, "The attempts of a request could not be read", error)
            return None
        first = found[request.number].first if request.number in found else request.id
        last = max((each for each in found if found[each].first == first), default=0)
        if last <= request.number:
            return None
        return LaterAttempt(make_id(request.bin_id, last), found[last])

    def _find(
        self,
        bin_id: int,
        requests: Sequence[CapturedRequest],
        keys: Mapping[int, DeliveryKey],
        newest: int = 0,
    ) -> Mapping[int, Attempt]:
        wanted = {key.value: key for key in keys.values()}
        times: defaultdict[int, dict[int, int]] = defaultdict(dict)
        for each in requests:
            if each.number in keys:
                times[keys[each.number].value][each.number] = each.received_us
        newest = newest or max(keys)
        index = self.index
        if index is None:
            index = self._remembered
            index.note(bin_id, requests)
        known = index.find_deliveries(bin_id, list(wanted), newest)
        if known:
            self._add_known(bin_id, known, times)
        for each in self._read(bin_id, known.known_to if known else 0, newest):
            key = each.summary.delivery_key
            if key is not None and key.value in wanted:
                times[key.value][each.number] = each.received_us
        found: dict[int, Attempt] = {}
        for value, key in wanted.items():
            found |= count_attempts(
                times[value], lambda number: make_id(bin_id, number), by_id=key.by_id
            )
        return found

    def _add_known(
        self, bin_id: int, known: KnownDeliveries, times: Mapping[int, dict[int, int]]
    ) -> None:
        """Add the requests that an index knows, as far as they are there."""
        others = {
            number: key
            for key, numbers in known.numbers.items()
            for number in numbers
            if number not in times[key]
        }
        if others:
            statement = _TIMES.format(numbers=", ".join(map(str, others)))
            for number, received_us in self._fetch(statement, {"bin_id": bin_id}):
                times[others[number]][number] = received_us

    def _read(self, bin_id: int, known_to: int, newest: int) -> list[CapturedRequest]:
        if known_to >= newest:
            return []
        rows = self._fetch(
            _UNKNOWN,
            {
                "bin_id": bin_id,
                "known_to": known_to,
                "newest": newest,
                "most": MAX_READ,
                "most_bytes": LISTED_BODY_BYTES,
                "none": b"",
            },
        )
        return [to_request(row, "", self._settings) for row in rows]
