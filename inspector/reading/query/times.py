"""Times in queries: ``before:`` and ``after:`` with a date, a time of day, or so long ago."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta, tzinfo

from inspector.errors import InspectorError
from inspector.reading.query.conditions import Condition
from inspector.reading.query.problems import make_error

_AGO = re.compile(r"(\d{1,9})([smhdw])\Z")
_TERM = re.compile(r"(?<![^\s(])(before|after):([^\s()\"]+)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_OF_DAY = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?\Z", re.ASCII)


def make_time_term(name: str, value: str, now: datetime, zone: tzinfo, sign: str = "") -> Condition:
    """``before`` or ``after`` a moment; that moment itself is after."""
    if sign:
        raise make_error(f"Instead of -{name}: write {'after' if name == 'before' else 'before'}:.")
    moment_us = int(parse_time(value, now, zone).timestamp() * 1_000_000)
    if name == "before":
        return Condition(lambda request: request.received_us < moment_us, before_us=moment_us)
    return Condition(lambda request: request.received_us >= moment_us, after_us=moment_us)


def parse_time(value: str, now: datetime, zone: tzinfo) -> datetime:
    """An ISO 8601 time, in ``zone`` where it names none; a time of today; or so long ago.

    Raises ``invalid_query``.
    """
    ago = _AGO.match(value)
    try:
        if ago:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        if _OF_DAY.match(value):
            day = now.astimezone(zone).date()
            moment = datetime.combine(day, time.fromisoformat(value.zfill(5)))
        else:
            moment = datetime.fromisoformat(value)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        moment.timestamp()
    except (ValueError, OverflowError, OSError):
        raise make_error(
            f"{value[:40]!r} is no time. Write 2026-05-01, 2026-05-01T13:30, 13:30 for today, or "
            "2h for two hours ago."
        ) from None
    return moment


def write_absolute(text: str, now: datetime, zone: tzinfo) -> str:
    """A query with the times in it as UTC, so that it means the same for everybody, and later."""

    def write(found: re.Match[str]) -> str:
        try:
            moment = parse_time(found[2], now, zone).astimezone(UTC)
        except InspectorError:
            return found[0]
        return f"{found[1]}:{moment.isoformat(timespec='seconds').replace('+00:00', 'Z')}"

    pieces = text.split('"')
    pieces[::2] = (_TERM.sub(write, piece) for piece in pieces[::2])
    return '"'.join(pieces)
