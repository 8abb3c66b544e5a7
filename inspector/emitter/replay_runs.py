"""Many captured requests sent again, one after the other, in a thread of the server's."""

from __future__ import annotations

import logging
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from inspector.clock import time
from inspector.domain import CapturedRequest
from inspector.domain.deliveries import Delivery
from inspector.emitter.http_client.connections import ConnectionPool
from inspector.emitter.http_client.destinations import DestinationPolicy
from inspector.emitter.outbox import Keep, deliver, make_replay
from inspector.emitter.runs import Runs, is_running
from inspector.errors import InspectorError
from inspector.signatures import SignatureSecret

log = logging.getLogger("inspector.emitter")

MAX_RUNNING = 2
MIN_RATE_PER_S, MAX_RATE_PER_S = 0.001, 1_000
STOP_S = 3.0

Requests = Callable[[], Iterator[CapturedRequest]]


@dataclass
class ReplayRun:
    """Replays under way or done: of a bin's requests that match, the oldest first.

    ``sent`` counts the deliveries, ``delivered`` those that were answered with 200 to 299,
    ``verdicts`` all of them; ``skipped`` counts what could not be sent, for ``problem``.
    """

    bin_name: str
    url: str
    rate_per_s: float | None = None
    secrets: Sequence[SignatureSecret] = field(default=(), repr=False)
    id: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    sent: int = 0
    delivered: int = 0
    skipped: int = 0
    problem: str | None = None
    verdicts: Counter[str] = field(default_factory=Counter)
    thread: threading.Thread | None = None
    _stop: threading.Event = field(default_factory=threading.Event)

    @property
    def is_running(self) -> bool:
        return is_running(self)

    def abort(self) -> None:
        """Begin no further delivery."""
        self._stop.set()

    def see_through(self, requests: Requests, policy: DestinationPolicy, keep: Keep) -> None:
        """Send them all, or until it is stopped."""
        pool = ConnectionPool(max_idle=1)
        due = time.monotonic()
        try:
            for captured in requests():
                if self._stop.wait(max(0.0, due - time.monotonic())):
                    break
                due = max(due, time.monotonic() - 1) + (
                    1 / self.rate_per_s if self.rate_per_s else 0
                )
                try:
                    order = make_replay(captured, self.url, secrets=self.secrets)
                except InspectorError as error:
                    self.skipped += 1
                    self.problem = f"#{captured.number}: {error.message}"
                    continue
                self._count(deliver(order, policy, keep, pool=pool, stop=self._stop))
        except Exception:
            log.exception("Replays ended before all was sent.")
            self.problem = "Something went wrong here; the server's log says what."
        finally:
            pool.close()

    def _count(self, delivery: Delivery) -> None:
        self.sent += 1
        self.delivered += delivery.line.delivered
        if delivery.line.verdict:
            self.verdicts[delivery.line.verdict] += 1


class ReplayRuns(Runs[ReplayRun]):
    """Starts replays, at most ``MAX_RUNNING`` at once, and remembers the last ones."""

    def __init__(self) -> None:
        super().__init__("replays", max_running=MAX_RUNNING, stop_s=STOP_S)
