"""Deliveries under way: each has a thread of its own, so that none holds one of the server's.

A slow receiver, a pause before another attempt: whoever asked may look again later,
by the token of the sending.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from inspector.domain.deliveries import Definition, Delivery
from inspector.emitter import (
    Composition,
    DeliveryOptions,
    DestinationPolicy,
    PreparedRequest,
    make_delivery,
    send,
)
from inspector.errors import InspectorError

log = logging.getLogger("inspector.web")

MAX_UNDER_WAY = 16
MAX_KEPT = 200
# How long stopping waits for what is under way.
STOP_S = 2.0

Keep = Callable[[Delivery], Delivery]


@dataclass(frozen=True)
class Consignment:
    """What to send, and what the record of it says it was made from."""

    request: PreparedRequest
    options: DeliveryOptions
    name: str
    source: str
    definition: Definition | None = None
    ticket: Definition | None = None


def consign(composition: Composition, number: int = 1) -> Consignment:
    """The request of this number, and what it was made from. Raises ``InspectorError``."""
    definition, ticket = composition.to_json()
    action = composition.action
    return Consignment(
        composition.prepare(number), action.options, action.name, action.source, definition, ticket
    )


@dataclass
class Sending:
    """One delivery under way; ``delivery`` or ``error`` is there once it is done."""

    consignment: Consignment
    token: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    delivery: Delivery | None = None
    error: InspectorError | None = None
    _done: threading.Event = field(default_factory=threading.Event)
    _stop: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None

    @property
    def is_done(self) -> bool:
        return self._done.is_set()

    def wait(self, timeout_s: float | None) -> bool:
        """Wait for the end; False when it has not come in time."""
        return self._done.wait(timeout_s)

    def stop(self) -> None:
        """Make no further attempt."""
        self._stop.set()

    def result(self) -> Delivery:
        """The finished delivery. Raises the error that kept it from being made or stored."""
        if self.error is not None:
            raise self.error
        assert self.delivery is not None  # noqa: S101 - it is one or the other when done
        return self.delivery

    def run(self, policy: DestinationPolicy, keep: Keep) -> None:
        """Send, and keep what came of it."""
        given = self.consignment
        try:
            result = send(given.request, options=given.options, policy=policy, stop=self._stop)
            self.delivery = keep(
                make_delivery(
                    result,
                    name=given.name,
                    source=given.source,
                    definition=given.definition,
                    ticket=given.ticket,
                )
            )
        except InspectorError as error:
            self.error = error
        except Exception:
            log.exception("A delivery failed.")
            self.error = InspectorError(
                "internal_error", "Something went wrong here; the server's log says what."
            )
        finally:
            self._done.set()


class Couriers:
    """Starts deliveries, at most ``MAX_UNDER_WAY`` at once, and remembers the last ones."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sendings: dict[str, Sending] = {}

    def start(self, consignment: Consignment, policy: DestinationPolicy, keep: Keep) -> Sending:
        """Send in a thread of its own; ``keep`` stores the record, in that thread.

        Raises ``too_many_deliveries``.
        """
        sending = Sending(consignment)
        with self._lock:
            under_way = sum(not each.is_done for each in self._sendings.values())
            if under_way >= MAX_UNDER_WAY:
                raise InspectorError(
                    "too_many_deliveries",
                    f"{under_way} deliveries are under way already. Wait for one to end.",
                )
            for token in [token for token, each in self._sendings.items() if each.is_done]:
                if len(self._sendings) < MAX_KEPT:
                    break
                del self._sendings[token]
            self._sendings[sending.token] = sending
        sending.thread = threading.Thread(
            target=sending.run, args=(policy, keep), name="inspector-courier", daemon=True
        )
        sending.thread.start()
        return sending

    def get(self, token: str) -> Sending:
        """Raises ``delivery_not_found``: it may be long done."""
        sending = self._sendings.get(token)
        if sending is None:
            raise InspectorError("delivery_not_found", "This delivery is not under way any more.")
        return sending

    def close(self) -> None:
        """Let no further attempt be made, and wait a little for those under way."""
        with self._lock:
            sendings = list(self._sendings.values())
        for sending in sendings:
            sending.stop()
        deadline = time.monotonic() + STOP_S
        for sending in sendings:
            if sending.thread is not None:
                sending.thread.join(max(0.0, deadline - time.monotonic()))
