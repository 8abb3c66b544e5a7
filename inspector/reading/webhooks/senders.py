"""Search by sender: tests on its name, its event and the id of the delivery."""

from __future__ import annotations

import re
from collections.abc import Callable

from inspector.domain import CapturedRequest
from inspector.domain.senders.table import SENDERS
from inspector.domain.signatures import RESULTS
from inspector.errors import InspectorError
from inspector.reading.marks import sender_mark

# The test, and the marks of all that pass it, where there are any.
SenderTest = tuple[Callable[[CapturedRequest], bool], tuple[str, ...]]


def _by_name(value: str) -> SenderTest:
    """A known sender's name, or a part of one, without regard to case and signs."""
    wanted = sender_mark(value)[1:]
    marks = {sender.name: sender_mark(sender.name)[1:] for sender in SENDERS}
    found = [name for name, mark in marks.items() if wanted == mark]
    found = found or [name for name, mark in marks.items() if wanted and wanted in mark]
    if not found:
        raise InspectorError(
            "invalid_query",
            f"{value[:40]!r} is no known sender. There are {', '.join(marks)}.",
            field="q",
        )

    def test(request: CapturedRequest) -> bool:
        return request.sender is not None and request.sender.name in found

    return test, (sender_mark(found[0]),) if len(found) == 1 else ()


def _by_event(value: str) -> SenderTest:
    """The beginning of a word in an event, and what follows it."""
    wanted = re.compile(rf"(?<![^\W_]){re.escape(value)}", re.IGNORECASE)

    def test(request: CapturedRequest) -> bool:
        event = request.sender.event if request.sender else request.summary.event
        return event is not None and wanted.search(event) is not None

    return test, ()


def _by_delivery(value: str) -> SenderTest:
    """The whole id of a delivery."""

    def test(request: CapturedRequest) -> bool:
        return request.sender is not None and request.sender.delivery == value

    return test, ()


def _by_signature(value: str) -> SenderTest:
    """The result of a signature; the bin's secrets may change, so no index knows it."""
    wanted = value.lower()
    if wanted not in RESULTS:
        known = ", ".join(f"signature:{each}" for each in RESULTS)
        message = f"signature:{value[:40]} is not known. There is {known}."
        raise InspectorError("invalid_query", message, field="q")
    return lambda request: wanted in request.signature_results, ()


SENDER_TESTS: dict[str, Callable[[str], SenderTest]] = {
    "sender": _by_name,
    "event": _by_event,
    "delivery": _by_delivery,
    "signature": _by_signature,
}
