"""The choice of captures to relay, made in the transaction that stores them.

A bin that relays nothing never comes here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inspector.answers.relays import Relay, load_relay
from inspector.capture import Capture
from inspector.clock import time
from inspector.domain.credentials import hide_in_url
from inspector.domain.relays.jobs import GRACE_S, MAX_QUEUED_S
from inspector.storage.answers import RECORDED_ONLY
from inspector.storage.outcomes import BinRelay, Stored
from inspector.storage.records import read_capture


def relay_matching(
    stored: Sequence[Stored], to: BinRelay, captures: Sequence[Capture]
) -> list[Stored]:
    """The captures with the bin's relay, marked where it applies.

    Those whose sender waits for the program have no answer but the one to be recorded.
    """
    relay = load_relay(to.document)
    found = []
    for each, capture in zip(stored, captures, strict=True):
        is_relayed = _is_relayed(relay, to.document, capture)
        answer_set = RECORDED_ONLY if is_relayed and relay.waits else each.answer_set
        found.append(each._replace(answer_set=answer_set, relay=to, is_relayed=is_relayed))
    return found


def _is_relayed(relay: Relay, document: str, capture: Capture) -> bool:
    if capture.refusal is not None:
        return False
    if relay.match.fits_all:
        return True
    hint = capture.relay_hint
    if hint is not None and hint.document == document:
        return hint.fits
    return relay.fits(read_capture(capture, 0, 0))


def begin_relay(stored: Stored) -> dict[str, Any]:
    """The row of a request that is about to be passed on."""
    assert stored.relay is not None  # noqa: S101 - or it would not be
    relay = load_relay(stored.relay.document)
    may_take_s = relay.timeout_s + GRACE_S + (0 if relay.waits else MAX_QUEUED_S)
    return {
        "bin_id": stored.bin_id,
        "number": stored.number,
        "url": hide_in_url(relay.url),
        "until_us": time.time_ns() // 1000 + round(may_take_s * 1_000_000),
    }
