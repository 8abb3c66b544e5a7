"""A series: many deliveries at a rate, by several threads, watched and stopped at any time."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType

from inspector.clock import time
from inspector.emitter.actions import DeliveryOptions
from inspector.emitter.http_client.connections import ConnectionPool
from inspector.emitter.http_client.destinations import ANYWHERE, DestinationPolicy
from inspector.emitter.latencies import Latencies
from inspector.emitter.preparing import PreparedRequest
from inspector.emitter.sending import DeliveryResult, send
from inspector.errors import InspectorError

MAX_COUNT = 1_000_000
MAX_CONCURRENCY = 64
MAX_RATE_PER_S = 100_000.0

PERCENTILES = (50.0, 90.0, 99.0)


@dataclass(frozen=True, slots=True)
class SeriesPlan:
    """The plan of a series: count, first number, rate and concurrency.

    ``rate_per_s`` sets when each is due, None for as fast as possible: a late one is sent at
    once, so that a pause of the receiver is caught up.

    Raises ``InspectorError`` ``invalid_series``.
    """

    count: int
    first: int = 1
    rate_per_s: float | None = None
    concurrency: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MAX_COUNT:
            raise _invalid("count", f"A series has 1 to {MAX_COUNT:,} deliveries.")
        if not 1 <= self.concurrency <= MAX_CONCURRENCY:
            raise _invalid("concurrency", f"A series has 1 to {MAX_CONCURRENCY} at once.")
        if self.rate_per_s is not None and not 0 < self.rate_per_s <= MAX_RATE_PER_S:
            message = f"A series' rate is more than 0 and at most {MAX_RATE_PER_S:,.0f} a second."
            raise _invalid("rate", message)
        if not 0 <= self.first <= 10**18:
            raise _invalid("first", "A series' first number is 0 or more.")


def _invalid(field_name: str, message: str) -> InspectorError:
    return InspectorError("invalid_series", message, field=field_name)


@dataclass(frozen=True, slots=True)
class SeriesProgress:
    """The progress of a series, and its summary at the end.

    ``statuses`` counts deliveries by the last answer's status, ``failures`` those without one
    by code, with a sentence for each code in ``examples``. Latencies are milliseconds of whole
    attempts, answered ones only; ``percentiles`` are at most 2 % too high.
    """

    total: int
    done: int
    delivered: int
    statuses: dict[int, int]
    failures: dict[str, int]
    examples: dict[str, str]
    elapsed_s: float
    mean_ms: float
    max_ms: float
    percentiles: dict[float, float]
    histogram: list[tuple[float, int]]
    stopped: bool
    finished: bool

    @property
    def rate_per_s(self) -> float:
        """Deliveries a second so far, whatever came of them."""
        return self.done / self.elapsed_s if self.elapsed_s else 0.0


@dataclass
class _Tally:
    delivered: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    latencies: Latencies = field(default_factory=Latencies)
    done: int = 0


class Series:
    """Runs a plan in threads of its own.

    ``prepare`` makes the request of a number; it is called in several threads, and
    an ``InspectorError`` of it counts as a failure. ``on_result`` is told of each
    delivery, one at a time. Use as a context manager: leaving aborts what still runs.
    """

    def __init__(
        self,
        plan: SeriesPlan,
        prepare: Callable[[int], PreparedRequest],
        *,
        options: DeliveryOptions,
        policy: DestinationPolicy = ANYWHERE,
        on_result: Callable[[int, DeliveryResult], None] | None = None,
    ) -> None:
        self.plan = plan
        self._prepare = prepare
        self._options = options
        self._policy = policy
        self._on_result = on_result
        self._pool = ConnectionPool(max_idle=plan.concurrency)
        self._stop = threading.Event()
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._tally = _Tally()
        self._taken = 0
        self._running = 0
        self._started = self._finished = 0.0
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Series:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.abort()
        for thread in self._threads:
            thread.join()

    def start(self) -> None:
        """Begin; raises ``RuntimeError`` the second time."""
        if self._threads:
            raise RuntimeError("A series runs once.")
        workers = min(self.plan.concurrency, self.plan.count)
        self._running = workers
        self._started = time.perf_counter()
        self._threads = [
            threading.Thread(target=self._work, name=f"series-{number}", daemon=True)
            for number in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Begin no further delivery and no further attempt; those under way are finished."""
        self._stop.set()

    def abort(self) -> None:
        """Stop, and break off the connections of deliveries that are under way."""
        self._stop.set()
        self._pool.close()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for the end; False when it has not come in time."""
        return self._ended.wait(timeout_s)

    def progress(self) -> SeriesProgress:
        """A snapshot of the progress."""
        with self._lock:
            tally, latencies = self._tally, self._tally.latencies
            finished = self._ended.is_set()
            until = self._finished if finished else time.perf_counter()
            return SeriesProgress(
                total=self.plan.count,
                done=tally.done,
                delivered=tally.delivered,
                statuses=dict(sorted(tally.statuses.items())),
                failures=dict(tally.failures.most_common()),
                examples=dict(tally.examples),
                elapsed_s=until - self._started if self._threads else 0.0,
                mean_ms=latencies.total_ms / latencies.count if latencies.count else 0.0,
                max_ms=latencies.max_ms,
                percentiles={percent: latencies.percentile(percent) for percent in PERCENTILES},
                histogram=latencies.histogram(),
                stopped=self._stop.is_set() and tally.done < self.plan.count,
                finished=finished,
            )

    def _work(self) -> None:
        try:
            while (index := self._take()) is not None:
                if not self._wait_until_due(index):
                    break
                self._deliver(self.plan.first + index)
        finally:
            self._leave()

    def _take(self) -> int | None:
        with self._lock:
            if self._taken >= self.plan.count or self._stop.is_set():
                return None
            self._taken += 1
            return self._taken - 1

    def _wait_until_due(self, index: int) -> bool:
        if self.plan.rate_per_s is None:
            return True
        due = self._started + index / self.plan.rate_per_s
        pause_s = due - time.perf_counter()
        return pause_s <= 0 or not self._stop.wait(pause_s)

    def _deliver(self, number: int) -> None:
        try:
            request = self._prepare(number)
        except InspectorError as error:
            with self._lock:
                self._tally.done += 1
                self._count_failure(error.code, error.message)
            return
        result = send(
            request,
            options=self._options,
            policy=self._policy,
            pool=self._pool,
            stop=self._stop,
        )
        with self._lock:
            self._count(result)
            if self._on_result:
                self._on_result(number, result)

    def _count(self, result: DeliveryResult) -> None:
        tally = self._tally
        tally.done += 1
        tally.delivered += result.delivered
        if result.failure is not None:
            self._count_failure(result.failure.code, result.failure.message)
        elif result.status is not None:
            tally.statuses[result.status] += 1
        if result.answer is not None:
            tally.latencies.record(result.last.total_ms)

    def _count_failure(self, code: str, message: str) -> None:
        self._tally.failures[code] += 1
        self._tally.examples.setdefault(code, message)

    def _leave(self) -> None:
        with self._lock:
            self._running -= 1
            if self._running:
                return
            self._finished = time.perf_counter()
        self._pool.close()
        self._ended.set()
