"""Requests that came while a bin's program was away, sent to it when it is back."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.answers.relays import Relay, load_relay
from inspector.domain import Bin, CapturedRequest
from inspector.domain.credentials import hide_in_url
from inspector.domain.deliveries import Delivery
from inspector.domain.relays.jobs import GRACE_S
from inspector.emitter.outbox import DeliveryOrder, make_relay_order
from inspector.emitter.replay_runs import ReplayPlan, ReplayRun
from inspector.errors import InspectorError
from inspector.web.current import current_services
from inspector.web.services import Services

STEP = 100


def find_relay(bin_: Bin) -> Relay:
    """The bin's relay. Raises ``InspectorError`` ``relay_not_found``."""
    if bin_.relay is None:
        raise InspectorError("relay_not_found", f"{bin_.name} passes nothing on.")
    return load_relay(bin_.relay)


def send_missed(bin_: Bin, since: int | None = None) -> ReplayRun:
    """Begin to pass on what a program has not answered, the oldest first, one after the other.

    With ``since``, a number, also all later requests that the relay matches and that were never
    passed on. Requests that another instance is working on are left to it. Raises
    ``InspectorError`` ``relay_not_found``, ``too_many_replays`` or ``cannot_sign``.
    """
    services, relay = current_services(), find_relay(bin_)
    secrets = services.bins.load_secrets(bin_.name)
    numbers: dict[str, int] = {}

    def make(captured: CapturedRequest) -> DeliveryOrder:
        numbers[f"{bin_.name}/{captured.id}"] = captured.number
        try:
            return make_relay_order(captured, relay, secrets)
        except InspectorError as error:
            services.relay_records.fail(bin_.id, captured.number, error.code, error.message)
            raise

    def keep(delivery: Delivery) -> Delivery:
        kept = services.deliveries.add(delivery)
        number = numbers.pop(str(delivery.line.replay_of))
        services.relay_records.end(bin_.id, number, kept)
        services.news.publish_change(bin_.id, number)
        return kept

    def find() -> Iterator[CapturedRequest]:
        if since is None:
            return _find_missed(services, bin_)
        return _find_since(services, bin_, since)

    def claim(captured: CapturedRequest) -> bool:
        target, may_take_s = hide_in_url(relay.url), relay.timeout_s + GRACE_S
        return relay.fits(captured) and services.relay_records.claim(
            bin_.id, captured.number, target, may_take_s
        )

    plan = ReplayPlan(bin_.name, relay.url, secrets=secrets, resign=relay.resigns)
    missed = services.relay_records.count_missed(bin_)
    run = ReplayRun(plan, missed if since is None else bin_.request_count, make)
    services.start_run(run, find, claim, keep)
    return run


def _find_missed(services: Services, bin_: Bin) -> Iterator[CapturedRequest]:
    missed = services.relay_records.list_missed(bin_)
    for start in range(0, len(missed), STEP):
        keys = services.requests.find_keys(bin_, missed[start : start + STEP])
        yield from services.requests.iterate_keys(bin_, keys[::-1])


def _find_since(services: Services, bin_: Bin, since: int) -> Iterator[CapturedRequest]:
    last = bin_.last_number
    for captured in services.requests.iterate(bin_, after=since - 1):
        if captured.number > last:
            return
        if not services.relay_records.list_answered(bin_, [captured.number]):
            yield captured
