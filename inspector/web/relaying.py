"""Relaying of stored captures to a bin's program, and recording of its answer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from inspector.answers.relays import load_relay
from inspector.capture import Capture
from inspector.domain.answers.answer import Answer
from inspector.domain.relays.jobs import RelayJob
from inspector.domain.requests import CapturedRequest
from inspector.live.relays import Relays
from inspector.storage.outcomes import Stored
from inspector.storage.records import read_capture


def pass_on(
    relays: Relays, stored: Stored, capture: Capture, answer: Callable[[Answer], None]
) -> bool:
    """Pass a capture on; True when its sender waits for the program.

    Then ``answer`` is called once, from any thread, with what the sender gets.
    """
    if stored.relay is None or not stored.is_relayed:
        return False
    waits = load_relay(stored.relay.document).waits
    read: Callable[[], CapturedRequest] = partial(
        read_capture, capture, stored.bin_id, stored.number
    )
    if not waits:  # The capture's own body is freed once it is answered.
        read = partial(_give, read())
    relays.pass_on(
        RelayJob(
            stored.relay.document,
            stored.relay.secrets,
            stored.bin_id,
            stored.number,
            capture.body_size,
            read,
            answer if waits else _ignore,
        )
    )
    return waits


def _give(request: CapturedRequest) -> CapturedRequest:
    return request


def _ignore(_answer: Answer) -> None:
    """A callback for relays whose sender was answered before."""
