"""Deliveries in progress: each has a thread of its own, so that none holds one of the server's.

A receiver may be slow, and a pause may come before another attempt, so a caller can come back
later with the job's token.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from inspector.answers.relays import Relay
from inspector.clock import time
from inspector.domain import CapturedRequest
from inspector.domain.credentials import Definition
from inspector.domain.deliveries import Delivery
from inspector.emitter import (
    Composition,
    DeliveryOptions,
    DestinationPolicy,
    PreparedRequest,
    action_from_json,
    make_delivery,
    repeat,
    replay,
    send,
)
from inspector.emitter.http_client.connections import ConnectionPool
from inspector.emitter.relaying import prepare_relay
from inspector.emitter.replaying import UNCHANGED, ReplayChanges
from inspector.emitter.signing import mark_secret_headers, resign_request
from inspector.errors import InspectorError
from inspector.signatures import SignatureSecret

log = logging.getLogger("inspector.emitter")

MAX_UNDER_WAY = 16
MAX_KEPT = 200
# Seconds that stopping waits for deliveries under way.
STOP_S = 2.0

Keep = Callable[[Delivery], Delivery]


@dataclass(frozen=True)
class DeliveryOrder:
    """A request to be sent, and the definition that its record names as its origin."""

    request: PreparedRequest
    options: DeliveryOptions
    name: str
    source: str
    definition: Definition | None = None
    ticket: Definition | None = None
    replay_of: str | None = None
    run: str | None = None


def make_order(composition: Composition, number: int = 1) -> DeliveryOrder:
    """The request of this number, and what it was made from. Raises ``InspectorError``."""
    definition, ticket = composition.to_json()
    action = composition.action
    return DeliveryOrder(
        composition.prepare(number), action.options, action.name, action.source, definition, ticket
    )


@dataclass
class DeliveryJob:
    """One delivery in progress; ``delivery`` or ``error`` is there once it is done.

    A delivery that could not be stored has no id.
    """

    order: DeliveryOrder
    token: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    delivery: Delivery | None = None
    error: InspectorError | None = None
    _done: threading.Event = field(default_factory=threading.Event)
    _stop: threading.Event = field(default_factory=threading.Event)
    _on_done: list[Callable[[], None]] = field(default_factory=list)
    thread: threading.Thread | None = None

    @property
    def is_done(self) -> bool:
        return self._done.is_set()

    def wait(self, timeout_s: float | None) -> bool:
        """Wait for the end; False when it has not come in time."""
        return self._done.wait(timeout_s)

    def call_when_done(self, on_done: Callable[[], None]) -> None:
        """Call ``on_done`` at the end, on the delivery's thread; at once when it has ended."""
        self._on_done.append(on_done)
        if self.is_done:
            on_done()

    def stop(self) -> None:
        """Make no further attempt."""
        self._stop.set()

    def result(self) -> Delivery:
        """The finished delivery. Raises the error that kept it from being sent."""
        if self.error is not None:
            raise self.error
        assert self.delivery is not None  # noqa: S101 - it is one or the other when done
        return self.delivery

    def run(self, policy: DestinationPolicy, keep: Keep) -> None:
        """Send, and keep what came of it."""
        try:
            self.delivery = deliver(self.order, policy, keep, stop=self._stop)
        except InspectorError as error:
            self.error = error
        except Exception:
            log.exception("A delivery failed.")
            self.error = InspectorError(
                "internal_error", "Something went wrong here; the server's log says what."
            )
        finally:
            self._done.set()
            for on_done in list(self._on_done):
                on_done()


def deliver(
    order: DeliveryOrder,
    policy: DestinationPolicy,
    keep: Keep,
    *,
    pool: ConnectionPool | None = None,
    stop: threading.Event | None = None,
) -> Delivery:
    """Send an order here and now; the delivery as it was kept, without an id when it was not."""
    result = send(order.request, options=order.options, policy=policy, pool=pool, stop=stop)
    delivery = make_delivery(
        result,
        name=order.name,
        source=order.source,
        definition=order.definition,
        ticket=order.ticket,
        replay_of=order.replay_of,
        run=order.run,
    )
    return _keep(delivery, keep)


def _keep(delivery: Delivery, keep: Keep) -> Delivery:
    """The delivery as stored; as it is when the database fails, for it was sent all the same."""
    try:
        return keep(delivery)
    except Exception:
        log.exception("A delivery was sent and could not be stored.")
        return delivery


class Outbox:
    """Starts deliveries, at most ``MAX_UNDER_WAY`` at once, and remembers the last ones."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: dict[str, DeliveryJob] = {}

    def start(self, order: DeliveryOrder, policy: DestinationPolicy, keep: Keep) -> DeliveryJob:
        """Send in a thread of its own; ``keep`` stores the record, in that thread.

        Raises ``too_many_deliveries``.
        """
        job = DeliveryJob(order)
        with self._lock:
            under_way = sum(not each.is_done for each in self._jobs.values())
            if under_way >= MAX_UNDER_WAY:
                raise InspectorError(
                    "too_many_deliveries",
                    f"{under_way} deliveries are under way already. Wait for one to end.",
                )
            for token in [token for token, each in self._jobs.items() if each.is_done]:
                if len(self._jobs) < MAX_KEPT:
                    break
                del self._jobs[token]
            self._jobs[job.token] = job
        job.thread = threading.Thread(
            target=job.run, args=(policy, keep), name="inspector-delivery", daemon=True
        )
        job.thread.start()
        return job

    def count_under_way(self) -> int:
        """The number of deliveries in progress."""
        with self._lock:
            return sum(not each.is_done for each in self._jobs.values())

    def knows(self, token: str) -> bool:
        """True for a delivery of ours that is remembered."""
        return token in self._jobs

    def get(self, token: str) -> DeliveryJob:
        """Raises ``delivery_not_found``: it may be long done."""
        job = self._jobs.get(token)
        if job is None:
            raise InspectorError("delivery_not_found", "This delivery is not under way any more.")
        return job

    def close(self) -> None:
        """Let no further attempt be made, and wait a little for those under way."""
        with self._lock:
            jobs = list(self._jobs.values())
        for job in jobs:
            job.stop()
        deadline = time.monotonic() + STOP_S
        for job in jobs:
            if job.thread is not None:
                job.thread.join(max(0.0, deadline - time.monotonic()))


def make_replay(
    captured: CapturedRequest,
    url: str,
    changes: ReplayChanges = UNCHANGED,
    secrets: Sequence[SignatureSecret] = (),
    *,
    resign: bool = False,
) -> DeliveryOrder:
    """A captured request, on its way to another place. Raises ``InspectorError``.

    ``secrets`` are its bin's; ``resign`` signs it anew with one of them and the time of now.
    """
    request = mark_secret_headers(replay(captured, url, changes), secrets)
    if resign:
        request = resign_request(request, captured, secrets, time.time())
    return DeliveryOrder(
        request,
        DeliveryOptions(),
        f"{captured.bin_name} #{captured.number}",
        "replay",
        replay_of=f"{captured.bin_name}/{captured.id}",
    )


def make_relay_order(
    captured: CapturedRequest, relay: Relay, secrets: Sequence[SignatureSecret]
) -> DeliveryOrder:
    """A captured request on its way to the program of its bin's relay. Raises ``InspectorError``.

    ``secrets`` are the bin's.
    """
    return DeliveryOrder(
        prepare_relay(captured, relay.url, secrets, resign=relay.resigns),
        DeliveryOptions(timeout_s=relay.timeout_s, first_byte_timeout_s=relay.timeout_s),
        f"{captured.bin_name} #{captured.number}",
        "relay",
        replay_of=f"{captured.bin_name}/{captured.id}",
    )


def make_repetition(delivery: Any) -> DeliveryOrder:
    """A delivery's exact request once more, with the options it had."""
    options = DeliveryOptions()
    if delivery.definition is not None:
        options = action_from_json(delivery.definition).options
    line = delivery.line
    return DeliveryOrder(
        repeat(delivery),
        options,
        line.name,
        line.source,
        delivery.definition,
        delivery.ticket,
        line.replay_of,
    )
