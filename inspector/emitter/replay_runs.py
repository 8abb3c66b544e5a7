"""Many captured requests sent again, one after the other, in a thread of the server's."""

from __future__ import annotations

import logging
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from inspector.clock import time
from inspector.domain import CapturedRequest
from inspector.domain.credentials import hide_in_url
from inspector.domain.deliveries import DeliveryLine
from inspector.emitter.http_client.connections import ConnectionPool
from inspector.emitter.http_client.destinations import DestinationPolicy
from inspector.emitter.http_client.urls import parse_url
from inspector.emitter.outbox import DeliveryOrder, Keep, deliver, make_replay
from inspector.emitter.replaying import UNCHANGED, ReplayChanges, check_changes
from inspector.emitter.runs import Runs, is_running
from inspector.emitter.signing import check_can_sign
from inspector.errors import InspectorError
from inspector.signatures import SignatureSecret

log = logging.getLogger("inspector.emitter")

MAX_RUNNING = 2
MIN_RATE_PER_S, MAX_RATE_PER_S = 0.001, 1_000
STOP_S = 3.0

Requests = Callable[[], Iterator[CapturedRequest]]
Fits = Callable[[CapturedRequest], bool]


@dataclass(frozen=True)
class ReplayPlan:
    """The plan of a replay of many requests: to where, at which rate, changed and signed how.

    ``rate_per_s`` None is as fast as they go. ``secrets`` are the bin's; ``resign`` signs each
    request anew at the time it is sent. ``match`` is what was asked for, to be shown.

    Raises ``InspectorError`` for a plan by which no request at all could be sent:
    ``invalid_url``, ``unsupported_scheme``, ``invalid_method``, ``invalid_header`` or
    ``cannot_sign``.
    """

    bin_name: str
    url: str
    rate_per_s: float | None = None
    match: str = ""
    changes: ReplayChanges = UNCHANGED
    secrets: Sequence[SignatureSecret] = field(default=(), repr=False)
    resign: bool = False

    def __post_init__(self) -> None:
        parse_url(self.url)
        check_changes(self.changes)
        if self.resign:
            check_can_sign(self.secrets)

    @property
    def shown_url(self) -> str:
        """The URL without user and password."""
        return hide_in_url(self.url)


@dataclass
class ReplayRun:
    """Replays under way or done: of a bin's requests that match, the oldest first.

    ``total`` requests are looked at, ``looked_at`` of them so far. ``sent`` counts the
    deliveries, ``delivered`` those that were answered with 200 to 299; ``statuses`` counts
    deliveries by the last answer's status, ``failures`` those without an answer by code,
    ``verdicts`` all of them. ``skipped`` counts requests that could not be sent; ``problem`` is
    the reason for the last of those, or for the end of the run. ``make`` gives the order for
    each, a replay by the plan where there is none.
    """

    plan: ReplayPlan
    total: int
    make: Callable[[CapturedRequest], DeliveryOrder] | None = None
    id: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    looked_at: int = 0
    sent: int = 0
    delivered: int = 0
    skipped: int = 0
    problem: str | None = None
    stopped: bool = False
    statuses: Counter[int] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    thread: threading.Thread | None = None
    _began_s: float = 0.0
    _ended_s: float | None = None
    _stop: threading.Event = field(default_factory=threading.Event)

    @property
    def is_running(self) -> bool:
        return is_running(self)

    @property
    def failed(self) -> int:
        """Deliveries that were not answered with 200 to 299."""
        return self.sent - self.delivered

    @property
    def elapsed_s(self) -> float:
        """Seconds from the beginning to the end, or to now."""
        if not self._began_s:
            return 0.0
        return (time.monotonic() if self._ended_s is None else self._ended_s) - self._began_s

    @property
    def sent_per_s(self) -> float:
        """Deliveries a second so far."""
        elapsed_s = self.elapsed_s
        return self.sent / elapsed_s if elapsed_s else 0.0

    def abort(self) -> None:
        """Begin no further delivery."""
        self.stopped = self.stopped or self._ended_s is None
        self._stop.set()

    def stop(self) -> None:
        """Begin no further delivery; as ``abort``."""
        self.abort()

    def see_through(
        self, requests: Requests, fits: Fits, policy: DestinationPolicy, keep: Keep
    ) -> None:
        """Send all of ``requests`` that fit, or until it is stopped."""
        pool = ConnectionPool(max_idle=1)
        due = self._began_s = time.monotonic()
        every_s = 1 / self.plan.rate_per_s if self.plan.rate_per_s else 0.0
        try:
            for captured in requests():
                if self._stop.is_set():
                    break
                if fits(captured):
                    if self._stop.wait(max(0.0, due - time.monotonic())):
                        break
                    # After a pause of the receiver the run catches up by one second at most.
                    due = max(due, time.monotonic() - 1) + every_s
                    if not self._send(captured, policy, keep, pool):
                        break
                self.looked_at += 1
        except Exception:
            log.exception("Replays ended before all was sent.")
            self.problem = "Something went wrong here; the server's log says what."
        finally:
            self._ended_s = time.monotonic()
            pool.close()

    def _send(
        self,
        captured: CapturedRequest,
        policy: DestinationPolicy,
        keep: Keep,
        pool: ConnectionPool,
    ) -> bool:
        """Send one; False when no other can be sent either."""
        try:
            order = self._make_order(captured)
        except InspectorError as error:
            self.skipped += 1
            self.problem = f"#{captured.number}: {error.message}"
            return True
        order = replace(order, run=self.id)
        line = deliver(order, policy, keep, pool=pool, stop=self._stop).line
        self._count(line)
        if line.failure_code == "destination_refused":
            self.problem = line.failure
            return False
        return True

    def _make_order(self, captured: CapturedRequest) -> DeliveryOrder:
        if self.make is not None:
            return self.make(captured)
        plan = self.plan
        return make_replay(captured, plan.url, plan.changes, plan.secrets, resign=plan.resign)

    def _count(self, line: DeliveryLine) -> None:
        self.sent += 1
        self.delivered += line.delivered
        if line.failure_code is not None:
            self.failures[line.failure_code] += 1
        elif line.status is not None:
            self.statuses[line.status] += 1
        if line.verdict:
            self.verdicts[line.verdict] += 1


class ReplayRuns(Runs[ReplayRun]):
    """Starts replays, at most ``MAX_RUNNING`` at once, and remembers the last ones."""

    def __init__(self) -> None:
        super().__init__("replays", max_running=MAX_RUNNING, stop_s=STOP_S)

    def list_of(self, bin_name: str) -> list[ReplayRun]:
        """The remembered runs of a bin's requests, newest first."""
        return [run for run in self.list() if run.plan.bin_name == bin_name]
