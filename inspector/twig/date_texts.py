"""Dates and moves of dates as people write them for PHP: ``21.05.2014``, ``next monday 9am``.

A text is read piece by piece, each piece by one pattern; with a rest that no pattern fits it is
no date.

Source: PHP manual, supported date and time formats; timelib's order of working them out.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July",
    "August", "September", "October", "November", "December",
)  # fmt: skip
MAX_CHARS = 200

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIMESTAMP = re.compile(r"@?(-?[0-9]{1,12})\Z")
_NAMED: dict[str, tuple[int, int | None]] = {
    "now": (0, None), "today": (0, 0), "midnight": (0, 0), "noon": (0, 12),
    "tomorrow": (1, 0), "yesterday": (-1, 0),
}  # fmt: skip
_WORDS = {"next": 1, "last": -1, "previous": -1, "this": 0}
_ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "last": -1,
}  # fmt: skip
_UNITS_S = {
    "second": 1, "sec": 1, "minute": 60, "min": 60, "hour": 3_600,
    "day": 86_400, "fortnight": 1_209_600, "week": 604_800,
}  # fmt: skip
# Offsets in hours; only names that mean one zone.
_ABBREVIATIONS = {
    "z": 0, "utc": 0, "gmt": 0, "wet": 0, "west": 1, "bst": 1, "cet": 1, "cest": 2, "eet": 2,
    "eest": 3, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8,
    "pdt": -7,
}  # fmt: skip
_DAY = {name[:size].lower(): at for at, name in enumerate(DAYS) for size in (3, len(name))}
_DAY |= {"tues": 1, "wednes": 2, "thur": 3, "thurs": 3}
_MONTH = {name[:size].lower(): at for at, name in enumerate(MONTHS, 1) for size in (3, len(name))}
_MONTH["sept"] = 9


def _any(names: object) -> str:
    return "|".join(sorted(map(str, names), key=len, reverse=True))  # type: ignore[call-overload]


@dataclass
class _Reading:
    """The parts of a date text; None for a part that is not there."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    clock: time | None = None
    zone: tzinfo | None = None
    months: int = 0
    seconds: int = 0
    workdays: int = 0
    weekday: tuple[int, int | None] | None = None  # The day, and which: None for this or next.
    of_week: int | None = None  # Weeks from this one, when the weekday is one of a week.
    edge: str = ""  # The first or the last day of the month.
    nth: tuple[int, int] | None = None  # The nth such weekday of the month.
    pieces: int = field(default=0)

    @property
    def has_date(self) -> bool:
        return (self.year, self.month, self.day) != (None, None, None)


def parse_date(text: str, *, now: datetime, zone: tzinfo = UTC) -> datetime | None:
    """Read a date, given in ``zone``; None when it is none.

    Seconds since 1970 (with or without ``@``), the usual ways to write a date, a time
    and a zone, and moves of a date, from ``now``. Without a zone it is UTC, and without a
    time midnight.
    """
    text = text.strip()
    try:
        if stamp := _TIMESTAMP.match(text):
            return (_EPOCH + timedelta(seconds=int(stamp[1]))).astimezone(zone)
        reading = _read(text)
        if reading is None:
            return None
        if reading.has_date and reading.clock is None:
            reading.clock = time()
        return _work_out(reading, now).astimezone(zone)
    except (ValueError, OverflowError):
        return None


def shift_date(moment: datetime, text: str) -> datetime | None:
    """Move a date by ``+2 days``, ``tomorrow noon``, ``next month``, ``last day of``; or None.

    A date or a time in the text takes the place of the moment's own. Also None beyond the
    years that there are. A month too short for the day ends in the next one: January 31
    ``+1 month`` is March 2 or 3.
    """
    try:
        reading = _read(text.strip())
        return None if reading is None else _work_out(reading, moment)
    except (ValueError, OverflowError):
        return None


def find_zone(name: str) -> tzinfo | None:
    """The time zone of a name (``Europe/London``), an offset or an abbreviation, or None."""
    if not name or len(name) > MAX_CHARS:
        return None
    offset = re.fullmatch(r"(?:GMT|UTC)?([+-])(\d{1,2})(?::?(\d{2}))?", name, re.IGNORECASE)
    if offset:
        return _offset(*offset.groups())
    if name.lower() in _ABBREVIATIONS:
        hours = _ABBREVIATIONS[name.lower()]
        return timezone(timedelta(hours=hours), name.upper()) if hours else UTC
    place = "/".join("_".join(map(_capital, part.split("_"))) for part in name.split("/"))
    for each in (name, place):
        try:
            return ZoneInfo(each)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    return None


def _capital(word: str) -> str:
    return word if word in ("of", "es") else word.capitalize()


def _offset(sign: str, hours: str, minutes: str | None) -> tzinfo:
    length = timedelta(hours=int(hours), minutes=int(minutes or 0))
    return timezone(-length if sign == "-" else length)


def _read(text: str) -> _Reading | None:
    """Take the text apart. Raises ``ValueError`` for numbers that no date can have."""
    reading, position = _Reading(), 0
    while position < len(text) <= MAX_CHARS:
        for pattern, note in _PIECES:
            if piece := pattern.match(text, position):
                note(reading, piece)
                position = piece.end()
                reading.pieces += 1
                break
        else:
            return None
    return reading if reading.pieces and position == len(text) else None


def _note_date(reading: _Reading, piece: re.Match[str]) -> None:
    parts = piece.groupdict()
    reading.month = int(parts["month"])
    if parts.get("year"):
        year = int(parts["year"])
        reading.year = year if len(parts["year"]) > 2 else year + (2000 if year < 70 else 1900)
    if parts.get("day"):
        reading.day = int(parts["day"])
    elif parts.get("year"):
        reading.day = 1
    if not 1 <= reading.month <= 12 or not 0 <= (reading.day or 0) <= 31:
        raise ValueError
    if parts.get("hour"):
        _note_time(reading, piece)


def _note_month(reading: _Reading, piece: re.Match[str]) -> None:
    reading.month = _MONTH[piece["month"].lower()]
    if parts := piece.groupdict().get("year"):
        reading.year, reading.day = int(parts), 1


def _note_named_date(reading: _Reading, piece: re.Match[str]) -> None:
    reading.month = _MONTH[piece["month"].lower()]
    reading.day = int(piece["day"])
    if not 0 <= reading.day <= 31:
        raise ValueError
    if piece["year"]:
        reading.year = int(piece["year"])


def _note_day_of_year(reading: _Reading, piece: re.Match[str]) -> None:
    first = datetime(int(piece["year"]), 1, 1) + timedelta(days=int(piece["count"]) - 1)
    reading.year, reading.month, reading.day = first.year, first.month, first.day


def _note_week(reading: _Reading, piece: re.Match[str]) -> None:
    found = datetime.fromisocalendar(int(piece["year"]), int(piece["week"]), 1)
    found += timedelta(days=int(piece["at"] or 1) - 1)
    reading.year, reading.month, reading.day = found.year, found.month, found.day


def _note_time(reading: _Reading, piece: re.Match[str]) -> None:
    parts = piece.groupdict()
    hour = int(parts["hour"])
    if half := (parts.get("half") or "").lower():
        if not 1 <= hour <= 12:
            raise ValueError
        hour = hour % 12 + 12 * (half == "p")
    fraction = (parts.get("fraction") or "0")[:6].ljust(6, "0")
    second = int(parts.get("second") or 0)
    reading.clock = time(hour, int(parts.get("minute") or 0), second, int(fraction))


def _note_zone(reading: _Reading, piece: re.Match[str]) -> None:
    reading.zone = find_zone(piece["zone"])
    if reading.zone is None:
        raise ValueError


def _note_name(reading: _Reading, piece: re.Match[str]) -> None:
    days, hour = _NAMED[piece["name"].lower()]
    reading.seconds += days * 86_400
    if hour is not None:
        reading.clock = time(hour)


def _note_edge(reading: _Reading, piece: re.Match[str]) -> None:
    reading.edge = piece["edge"].lower()


def _note_nth(reading: _Reading, piece: re.Match[str]) -> None:
    reading.nth = _ORDINALS[piece["nth"].lower()], _DAY[piece["weekday"].lower()]
    reading.clock = time()


def _note_week_of(reading: _Reading, piece: re.Match[str]) -> None:
    """``monday next week``; without a weekday it is that week's Monday."""
    reading.of_week = _WORDS[piece["which"].lower()]
    if reading.weekday is None:
        reading.weekday = 0, None


def _note_step(reading: _Reading, piece: re.Match[str]) -> None:
    count_text, unit = piece["count"].lower(), piece["unit"].lower()
    count = _WORDS[count_text] if count_text in _WORDS else _signed(count_text)
    if piece["ago"]:
        count = -count
    if unit in _DAY and count_text in _WORDS:
        reading.weekday, reading.clock = (_DAY[unit], count), time()
    elif unit in _DAY:
        if count < 1:
            raise ValueError
        # A number counts today's, too, and keeps the time.
        reading.weekday = _DAY[unit], None
        reading.seconds += (count - 1) * 604_800
    elif unit == "weekday":
        reading.workdays += count
    elif unit in ("month", "year"):
        reading.months += count * (12 if unit == "year" else 1)
    else:
        reading.seconds += count * _UNITS_S[unit]


def _signed(text: str) -> int:
    signs = text.count("-")
    return int(re.sub(r"[^0-9]", "", text)) * (-1 if signs % 2 else 1)


def _note_weekday(reading: _Reading, piece: re.Match[str]) -> None:
    reading.weekday, reading.clock = (_DAY[piece["weekday"].lower()], None), time()


def _skip(reading: _Reading, piece: re.Match[str]) -> None:
    """A separator, which has no meaning."""


_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d+))?)?"
_MONTH_NAME, _DAY_NAME = _any(_MONTH), _any(_DAY)
_SEPARATOR = r"[ \t.-]*"
_PIECES: tuple[tuple[re.Pattern[str], Callable[[_Reading, re.Match[str]], None]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE | re.ASCII), note)
    for pattern, note in (
        (r"[ \t,]+", _skip),
        (
            r"(?P<year>\d{4})[-/](?P<month>\d{1,2})[-/](?P<day>\d{1,2})(?!\d)(?:T(?=\d))?",
            _note_date,
        ),
        (r"(?P<year>\d{4})-?W(?P<week>\d{2})(?:-?(?P<at>[0-7]))?(?!\d)", _note_week),
        (r"(?P<year>\d{4})-(?P<count>\d{3})(?!\d)", _note_day_of_year),
        (r"(?P<year>\d{4})-(?P<month>\d{2})(?![\d-])", _note_date),
        (
            r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)T"
            r"(?P<hour>\d\d):?(?P<minute>\d\d):?(?P<second>\d\d)",
            _note_date,
        ),
        (r"(?P<day>\d{1,2})[.\-](?P<month>\d{1,2})[.\-](?P<year>\d{4})(?!\d)", _note_date),
        # PHP takes digits for a time where they can be one.
        (r"(?P<hour>[01]?\d|2[0-4])\.(?P<minute>\d{1,2})\.(?P<second>\d{2})(?![\d.])", _note_time),
        (r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{2})(?![\d.])", _note_date),
        (r"(?P<month>\d{1,2})/(?P<day>\d{1,2})(?:/(?P<year>\d{4}|\d{2}))?(?![\d/])", _note_date),
        (
            rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)?{_SEPARATOR}(?P<month>{_MONTH_NAME})\b"
            rf"(?:{_SEPARATOR}(?P<year>\d{{4}})(?![\d:]))?",
            _note_named_date,
        ),
        (rf"(?P<month>{_MONTH_NAME}){_SEPARATOR}(?P<year>\d{{4}})(?![\d:])", _note_month),
        (
            rf"(?P<month>{_MONTH_NAME}){_SEPARATOR}(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?![\d:])"
            r"(?:[ \t,.]*(?P<year>\d{4})(?![\d:]))?",
            _note_named_date,
        ),
        (rf"(?P<month>{_MONTH_NAME})\b\.?", _note_month),
        (rf"T?{_CLOCK}(?:\s*(?P<half>[ap])\.?m\b\.?)?", _note_time),
        (r"(?P<hour>\d{1,2})\s*(?P<half>[ap])\.?m\b\.?", _note_time),
        (rf"(?P<name>{_any(_NAMED)})\b", _note_name),
        (r"(?P<edge>first|last) day of\b", _note_edge),
        (rf"(?P<nth>{_any(_ORDINALS)})\s+(?P<weekday>{_DAY_NAME})(?:day)? of\b", _note_nth),
        (rf"(?P<which>{_any(_WORDS)})\s+week\b", _note_week_of),
        (
            rf"(?P<count>[+-]*\s*\d{{1,9}}|{_any(_WORDS)})\s*"
            rf"(?P<unit>weekday|{_any(_UNITS_S)}|month|year|{_DAY_NAME})s?\b(?P<ago>\s+ago\b)?",
            _note_step,
        ),
        (rf"(?P<weekday>{_DAY_NAME})\b\.?", _note_weekday),
        (
            rf"\(?(?P<zone>(?:GMT|UTC)?[+-]\d{{1,2}}(?::?\d{{2}})?|{_any(_ABBREVIATIONS)}"
            r"|[A-Za-z]+(?:/[A-Za-z_+-]+)+)(?![\w])\)?",
            _note_zone,
        ),
    )
)


def _work_out(reading: _Reading, base: datetime) -> datetime:
    """The moment that is meant, in the order in which PHP works it out."""
    zone = reading.zone or base.tzinfo
    clock = base.time() if reading.clock is None else reading.clock
    year = base.year if reading.year is None else reading.year
    month = base.month if reading.month is None else reading.month
    day = base.day if reading.day is None else reading.day
    moment = datetime(year, month, 1, tzinfo=zone) + timedelta(days=day - 1)
    if reading.weekday is not None:
        moment += timedelta(days=_days_to(moment.weekday(), reading))
    if reading.edge or reading.nth is not None:
        moment = moment.replace(day=1)
    months = moment.month - 1 + reading.months
    moment = _in_month(moment, moment.year + months // 12, months % 12 + 1)
    if reading.edge:
        last = calendar.monthrange(moment.year, moment.month)[1]
        moment = moment.replace(day=1 if reading.edge == "first" else last)
    if reading.nth is not None:
        moment = _find_nth(moment, *reading.nth)
    moment = datetime.combine(moment.date(), clock, zone) + timedelta(seconds=reading.seconds)
    return _skip_weekends(moment, reading.workdays)


def _in_month(moment: datetime, year: int, month: int) -> datetime:
    return moment.replace(year=year, month=month, day=1) + timedelta(days=moment.day - 1)


def _days_to(today: int, reading: _Reading) -> int:
    assert reading.weekday is not None  # noqa: S101 - asked before
    day, which = reading.weekday
    if reading.of_week is not None:
        return day - today + 7 * reading.of_week
    if which is None or which == 0:
        return (day - today) % 7
    if which > 0:
        return (day - today - 1) % 7 + 1 + 7 * (which - 1)
    return -((today - day - 1) % 7 + 1) + 7 * (which + 1)


def _find_nth(moment: datetime, nth: int, weekday: int) -> datetime:
    if nth > 0:
        first = moment.replace(day=1)
        return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))
    last = moment.replace(day=calendar.monthrange(moment.year, moment.month)[1])
    return last - timedelta(days=(last.weekday() - weekday) % 7)


def _skip_weekends(moment: datetime, count: int) -> datetime:
    """The date ``count`` working days later, or earlier."""
    step = timedelta(days=1 if count > 0 else -1)
    weeks, left = divmod(abs(count), 5)
    if weeks and not left:
        weeks, left = weeks - 1, 5
    moment += 7 * weeks * step
    while left:
        moment += step
        left -= moment.weekday() < 5
    return moment
