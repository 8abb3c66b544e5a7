"""Unusual things in the headers of a request, each in a sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from inspector.domain.messages import Message

MAX_NOTES = 20
MAX_SHOWN_CHARS = 80
# Usual bounds of servers: 8 KiB for one header line (Apache, nginx).
LONG_CHARS = 8_000
CLOCK_TOLERANCE = timedelta(minutes=5)
# Headers that may come once (RFC 9110, 5.3): of two, receivers take either.
_SINGLE = {
    "authorization": "Authorization",
    "content-length": "Content-Length",
    "content-type": "Content-Type",
    "date": "Date",
    "from": "From",
    "host": "Host",
    "idempotency-key": "Idempotency-Key",
    "origin": "Origin",
    "referer": "Referer",
    "user-agent": "User-Agent",
}


class HeaderNote(NamedTuple):
    """Something unusual: ``name`` is the header that it is about, ``message`` a sentence."""

    code: str
    name: str
    message: str


def find_header_notes(request: Message) -> list[HeaderNote]:
    """The unusual things in a request's headers, ``MAX_NOTES`` at most."""
    found: list[HeaderNote] = []
    for note in _iterate_notes(request):
        found.append(note)
        if len(found) == MAX_NOTES:
            break
    return found


def _iterate_notes(request: Message) -> Iterator[HeaderNote]:
    counts = Counter(name.lower() for name, _ in request.raw_headers)
    if not counts["user-agent"]:
        yield HeaderNote(
            "no_user_agent",
            "User-Agent",
            "There is no User-Agent: most programs send one, and some firewalls refuse without.",
        )
    for lower, name in _SINGLE.items():
        if counts[lower] > 1:
            yield _note_repeat(request, lower, name)
    for name, value in request.raw_headers:
        yield from _note_on(name, value)
    yield from _note_on_date(request)


def _note_repeat(request: Message, lower: str, name: str) -> HeaderNote:
    values = [value for key, value in request.raw_headers if key.lower() == lower]
    same = "all the same" if len(set(values)) == 1 else "and not the same"
    return HeaderNote(
        "repeated_header",
        name,
        f"{name} was sent {len(values)} times, {same}: some receivers take the first, some the"
        " last, some refuse.",
    )


def _note_on(name: str, value: str) -> Iterator[HeaderNote]:
    shown = name[:MAX_SHOWN_CHARS]
    if "_" in name:
        message = f"{shown} has an underscore: nginx and others drop such headers unless told."
        yield HeaderNote("underscore_in_name", shown, message)
    if len(value) > LONG_CHARS:
        message = f"{shown} has {len(value):,} characters: many servers refuse more than 8,000."
        yield HeaderNote("long_header", shown, message)
    if not value.isascii():
        message = f"{shown} has bytes that are not ASCII, which receivers read in different ways."
        yield HeaderNote("not_ascii", shown, message)
    if name.lower() == "content-type" and "/" not in value.partition(";")[0]:
        message = f"The Content-Type “{value[:MAX_SHOWN_CHARS]}” is no media type, like text/plain."
        yield HeaderNote("odd_content_type", "Content-Type", message)


def _note_on_date(request: Message) -> Iterator[HeaderNote]:
    sent = request.find_header("Date")
    if sent is None or not request.received_us:
        return
    try:
        moment = parsedate_to_datetime(sent)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        off = request.received_at - moment
    except (ValueError, TypeError, OverflowError, IndexError):
        message = f"The Date “{sent[:MAX_SHOWN_CHARS]}” is none, like {_example()}."
        yield HeaderNote("odd_date", "Date", message)
        return
    if abs(off) > CLOCK_TOLERANCE:
        side = "behind" if off > timedelta() else "ahead of"
        message = f"The sender’s clock, by its Date, is {_say(abs(off))} {side} this one."
        yield HeaderNote("clock_differs", "Date", message)


def _say(span: timedelta) -> str:
    for unit, name in ((timedelta(days=1), "days"), (timedelta(hours=1), "h")):
        if span >= 2 * unit:
            return f"{span // unit:,} {name}"
    return f"{span // timedelta(minutes=1)} min"


def _example() -> str:
    return datetime(2026, 5, 1, 12, tzinfo=UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
