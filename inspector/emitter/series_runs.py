"""Series that run in the server: in threads of their own, a few at once, looked at by polling."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from queue import SimpleQueue

from inspector.domain.deliveries import Delivery
from inspector.emitter import (
    Composition,
    DeliveryResult,
    DestinationPolicy,
    Series,
    SeriesPlan,
    SeriesProgress,
    make_delivery,
)
from inspector.emitter.runs import Runs, is_running
from inspector.errors import InspectorError

log = logging.getLogger("inspector.web")

MAX_RUNNING = 2
MAX_COUNT = 100_000
MAX_CONCURRENCY = 32
# Deliveries of a series that are logged, and failed ones that are logged beyond those: together
# half of what is kept of all runs, so that a series does not push out all earlier ones.
KEPT_FIRST = 400
KEPT_FAILED = 100
KEEP_EVERY_S = 1.0
STOP_S = 3.0

Keep = Callable[[list[Delivery]], object]


@dataclass
class SeriesRun:
    """A series under way or done.

    ``kept`` counts the deliveries in the log, ``failed`` those of them that were logged because
    they failed, ``lost`` those that could not be stored.
    """

    composition: Composition
    plan: SeriesPlan
    policy: DestinationPolicy
    id: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    kept: int = 0
    failed: int = 0
    lost: int = 0
    thread: threading.Thread | None = None

    def __post_init__(self) -> None:
        self._definitions = self.composition.to_json()
        self._chosen = 0
        self._waiting: SimpleQueue[Delivery] = SimpleQueue()
        self.series = Series(
            self.plan,
            self.composition.prepare,
            options=self.composition.action.options,
            policy=self.policy,
            on_result=self._note,
        )

    @property
    def is_running(self) -> bool:
        return is_running(self)

    def progress(self) -> SeriesProgress:
        """A snapshot of the progress."""
        return self.series.progress()

    def stop(self) -> None:
        """Begin no further delivery."""
        self.series.stop()

    def abort(self) -> None:
        """Break off its deliveries."""
        self.series.abort()

    @property
    def keeps_all(self) -> bool:
        return self.plan.count <= KEPT_FIRST

    def _note(self, number: int, result: DeliveryResult) -> None:
        """Choose what is logged; called for one delivery at a time."""
        if self._chosen >= KEPT_FIRST:
            if result.delivered or self.failed >= KEPT_FAILED:
                return
            self.failed += 1
        self._chosen += 1
        definition, ticket = self._definitions
        action = self.composition.action
        name = f"{action.name} #{number}"
        self._waiting.put(
            make_delivery(
                result,
                name=name,
                source=action.source,
                definition=definition,
                ticket=ticket,
                run=self.id,
            )
        )

    def see_through(self, keep: Keep) -> None:
        """Send it, and log what was chosen, every now and then, until the end."""
        self.series.start()
        ended = False
        while not ended:
            ended = self.series.wait(KEEP_EVERY_S)
            waiting = [self._waiting.get() for _ in range(self._waiting.qsize())]
            if not waiting:
                continue
            try:
                keep(waiting)
            except Exception:
                log.exception("Deliveries of a series could not be stored.")
                self.lost += len(waiting)
            else:
                self.kept += len(waiting)


class SeriesRuns(Runs[SeriesRun]):
    """Starts series, at most ``MAX_RUNNING`` at once, and remembers the last ones."""

    def __init__(self) -> None:
        super().__init__("series", max_running=MAX_RUNNING, stop_s=STOP_S)

    def start(
        self, composition: Composition, plan: SeriesPlan, policy: DestinationPolicy, keep: Keep
    ) -> SeriesRun:
        """Start one; ``keep`` stores its deliveries, in a thread of the run's own.

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
        run = SeriesRun(composition, plan, policy)
        self.admit(run, lambda: run.see_through(keep))
        return run
