"""For how long what a row says of a time is right."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from inspector.reading.meaning import UNITS

Span = tuple[datetime, datetime]
ALWAYS: Span = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))

_SECOND, _TICK = timedelta(seconds=1), timedelta(microseconds=1)


def find_span(instant: datetime, received_at: datetime) -> Span:
    """Moments of capture from, and below, with which ``say_distance`` says the same of an instant.

    Not always all of them; ``received_at`` is within, where such moments can be written at all.
    """
    seconds = abs(instant - received_at) // _SECOND
    larger, size = 2**40, 1  # Seconds beyond all years that a date can have.
    for _, size in UNITS:
        if seconds >= size:
            break
        larger = size
    first = seconds // size * size
    least, most = timedelta(seconds=first), timedelta(seconds=min(first + size, larger))
    try:
        if seconds == 0:
            return instant - _SECOND + _TICK, instant + _SECOND
        if instant < received_at:
            return instant + least, instant + most
        return instant - most + _TICK, instant - least + _TICK
    except OverflowError:
        return received_at, received_at
