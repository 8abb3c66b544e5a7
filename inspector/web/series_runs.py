"""Series that run in the server: in threads of their own, a few at once, looked at by polling."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from inspector.domain.deliveries import Delivery
from inspector.emitter import (
    Composition,
    DeliveryResult,
    DestinationPolicy,
    Series,
    SeriesPlan,
    make_delivery,
)
from inspector.errors import InspectorError

MAX_RUNNING = 2
MAX_REMEMBERED = 20
MAX_COUNT = 100_000
MAX_CONCURRENCY = 32
# So many of a series' deliveries are kept, and beyond those so many that failed.
KEPT_FIRST = 50
KEPT_FAILED = 50
STOP_S = 3.0

Keep = Callable[[list[Delivery]], object]


@dataclass
class SeriesRun:
    """A series under way or done; ``kept`` are the deliveries that are logged at its end."""

    composition: Composition
    series: Series
    id: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    kept: list[Delivery] = field(default_factory=list)
    failed: int = 0
    thread: threading.Thread | None = None

    @property
    def is_running(self) -> bool:
        return self.thread is not None and self.thread.is_alive()


class SeriesRuns:
    """Starts series, at most ``MAX_RUNNING`` at once, and remembers the last ones."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs: dict[str, SeriesRun] = {}

    def start(
        self, composition: Composition, plan: SeriesPlan, policy: DestinationPolicy, keep: Keep
    ) -> SeriesRun:
        """Start one; ``keep`` stores its deliveries at the end, in a thread of the run's own.

        Raises ``invalid_series`` or ``too_many_series``, and what preparing the first
        request raises.
        """
        if plan.count > MAX_COUNT or plan.concurrency > MAX_CONCURRENCY:
            raise InspectorError(
                "invalid_series",
                f"A series in the page has at most {MAX_COUNT:,} deliveries, {MAX_CONCURRENCY} at "
                "once; inspector emit in a terminal can do more.",
                field="count",
            )
        composition.prepare(plan.first)
        definition, ticket = composition.to_json()

        def note(_number: int, result: DeliveryResult) -> None:
            is_first = len(run.kept) - run.failed < KEPT_FIRST
            if not is_first and (result.delivered or run.failed >= KEPT_FAILED):
                return
            run.failed += not is_first
            name, source = composition.action.name, composition.action.source
            run.kept.append(
                make_delivery(
                    result, name=name, source=source, definition=definition, ticket=ticket
                )
            )

        options = composition.action.options
        series = Series(plan, composition.prepare, options=options, policy=policy, on_result=note)
        run = SeriesRun(composition, series)
        self._admit(run, keep)
        return run

    def _admit(self, run: SeriesRun, keep: Keep) -> None:
        with self._lock:
            if sum(each.is_running for each in self._runs.values()) >= MAX_RUNNING:
                raise InspectorError(
                    "too_many_series", "Other series are still running. Stop one, or wait."
                )
            for id_ in [id_ for id_, each in self._runs.items() if not each.is_running]:
                if len(self._runs) < MAX_REMEMBERED:
                    break
                del self._runs[id_]
            self._runs[run.id] = run
            run.thread = threading.Thread(
                target=_see_through, args=(run, keep), name="inspector-series", daemon=True
            )
            run.series.start()
            run.thread.start()

    def get(self, run_id: str) -> SeriesRun:
        """Raises ``series_not_found``."""
        run = self._runs.get(run_id)
        if run is None:
            raise InspectorError("series_not_found", "This series is not remembered any more.")
        return run

    def list(self) -> list[SeriesRun]:
        """Those that are remembered, the newest first."""
        return list(self._runs.values())[::-1]

    def close(self) -> None:
        """Break off what still runs."""
        runs = self.list()
        for run in runs:
            run.series.abort()
        deadline = time.monotonic() + STOP_S
        for run in runs:
            if run.thread is not None:
                run.thread.join(max(0.0, deadline - time.monotonic()))


def _see_through(run: SeriesRun, keep: Keep) -> None:
    run.series.wait()
    keep(run.kept)
