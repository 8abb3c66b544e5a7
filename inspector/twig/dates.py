"""Dates as PHP's ``date()`` writes them, for templates: the helpdesk's letters, in English."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July",
    "August", "September", "October", "November", "December",
)  # fmt: skip

_TIMESTAMP = re.compile(r"@?(-?[0-9]{1,12})\Z")
_ISO = re.compile(
    r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})"
    r"(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,6})\d*)?)?)?"
    r"\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?\Z",
    re.IGNORECASE | re.ASCII,
)
# Days from the moment's own, and the hour when it is not the moment's own.
_DAYS: dict[str, tuple[int, int | None]] = {
    "now": (0, None),
    "today": (0, 0),
    "midnight": (0, 0),
    "noon": (0, 12),
    "tomorrow": (1, 0),
    "yesterday": (-1, 0),
}
_WORDS = {"next": 1, "last": -1, "previous": -1, "this": 0}
_UNITS_S = {
    "sec": 1, "second": 1, "min": 60, "minute": 60, "hour": 3_600,
    "day": 86_400, "week": 604_800, "fortnight": 1_209_600,
}  # fmt: skip
_STEP = re.compile(
    r"\s*(?:"
    rf"(?P<name>{'|'.join(_DAYS)})\b"
    r"|(?P<edge>first|last) day of(?:\s+(?P<which>next|last|previous|this) month)?\b"
    r"|(?P<count>[+-]?\s*[0-9]{1,9}|next|last|previous)\s*"
    rf"(?P<unit>{'|'.join(sorted(_UNITS_S, reverse=True))}|month|year)s?\b(?P<ago>\s+ago\b)?"
    r")\s*"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_date(text: str, *, now: datetime, zone: tzinfo = UTC) -> datetime | None:
    """Read a date as the helpdesk writes them, in ``zone``; None when it is none.

    Seconds since 1970 (with or without ``@``), year-month-day with an optional time and
    an optional zone (a time without a zone is UTC), or what ``shift_date`` takes, from
    ``now``.
    """
    text = text.strip()
    try:
        if stamp := _TIMESTAMP.match(text):
            return (_EPOCH + timedelta(seconds=int(stamp[1]))).astimezone(zone)
        parts = _ISO.match(text)
        moment = _from_parts(parts) if parts else shift_date(now, text)
        return moment.astimezone(zone) if moment else None
    except (ValueError, OverflowError):
        return None


def shift_date(moment: datetime, text: str) -> datetime | None:
    """Move a date by ``+2 days``, ``tomorrow noon``, ``next month``, ``last day of``; or None.

    Also None beyond the years that there are. A month too short for the day ends in the next
    one: January 31 ``+1 month`` is March 2 or 3.

    Source: PHP manual, relative formats.
    """
    position, text = 0, text.strip().lower()
    try:
        while position < len(text):
            step = _STEP.match(text, position)
            if not step:
                return None
            position = step.end()
            if step["name"]:
                days, hour = _DAYS[step["name"]]
                moment += timedelta(days=days)
                if hour is not None:
                    moment = moment.replace(hour=hour, minute=0, second=0, microsecond=0)
            elif step["edge"]:
                months = _WORDS.get(step["which"] or "this", 0) + (step["edge"] == "last")
                moment = _add_months(moment.replace(day=1), months)
                moment -= timedelta(days=step["edge"] == "last")
            else:
                count = _WORDS.get(step["count"]) or int(step["count"].replace(" ", ""))
                moment = _add_units(moment, -count if step["ago"] else count, step["unit"])
    except (ValueError, OverflowError):
        return None
    return moment if text else None


def _add_units(moment: datetime, count: int, unit: str) -> datetime:
    if unit in ("month", "year"):
        return _add_months(moment, count * (12 if unit == "year" else 1))
    return moment + timedelta(seconds=count * _UNITS_S[unit])


def _add_months(moment: datetime, count: int) -> datetime:
    years, month = divmod(moment.month - 1 + count, 12)
    first = moment.replace(year=moment.year + years, month=month + 1, day=1)
    return first + timedelta(days=moment.day - 1)


def _from_parts(parts: re.Match[str]) -> datetime:
    year, month, day, hour, minute, second = (int(part or 0) for part in parts.groups()[:6])
    microsecond = int((parts[7] or "0").ljust(6, "0"))
    return datetime(year, month, day, hour, minute, second, microsecond, _zone_of(parts[8]))


def _zone_of(text: str | None) -> tzinfo:
    if not text or text[0] not in "+-":
        return UTC
    hours, minutes = int(text[1:3]), int(text[-2:])
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)


def find_zone(name: str) -> tzinfo | None:
    """The time zone of this name (``Europe/London``), or None."""
    if name.upper() in ("UTC", "Z", "GMT"):
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def format_date(moment: datetime, pattern: str) -> str:
    """Write a moment by PHP's letters; a backslash keeps the letter after it.

    Source: PHP manual, ``DateTimeInterface::format``.
    """
    written: list[str] = []
    letters = iter(pattern)
    for letter in letters:
        if letter == "\\":
            written.append(next(letters, ""))
        else:
            write = _LETTERS.get(letter)
            written.append(write(moment) if write else letter)
    return "".join(written)


def _ordinal_suffix(moment: datetime) -> str:
    if moment.day in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(moment.day % 10, "th")


def _swatch_beat(moment: datetime) -> str:
    """Thousandths of a day, in UTC+1."""
    local = moment.astimezone(timezone(timedelta(hours=1)))
    seconds = local.hour * 3600 + local.minute * 60 + local.second
    return f"{seconds * 10 // 864:03d}"


def _offset_s(moment: datetime) -> int:
    offset = moment.utcoffset()
    return int(offset.total_seconds()) if offset else 0


def _offset(moment: datetime, separator: str) -> str:
    seconds = _offset_s(moment)
    hours, minutes = divmod(abs(seconds) // 60, 60)
    return f"{'-' if seconds < 0 else '+'}{hours:02d}{separator}{minutes:02d}"


def _zone_name(moment: datetime) -> str:
    if isinstance(moment.tzinfo, ZoneInfo):
        return moment.tzinfo.key
    return "UTC" if moment.tzinfo is UTC else _offset(moment, ":")


def _zone_short(moment: datetime) -> str:
    name = moment.tzname() or ""
    if moment.tzinfo is UTC:
        return "UTC"
    return name if name.isalpha() else _offset(moment, ":")


def _offset_or_z(moment: datetime) -> str:
    return "Z" if moment.tzinfo is UTC else _offset(moment, ":")


def _clock_hour(moment: datetime) -> int:
    return moment.hour % 12 or 12


_LETTERS: dict[str, Callable[[datetime], str]] = {
    "d": lambda moment: f"{moment.day:02d}",
    "D": lambda moment: DAYS[moment.weekday()][:3],
    "j": lambda moment: str(moment.day),
    "l": lambda moment: DAYS[moment.weekday()],
    "N": lambda moment: str(moment.isoweekday()),
    "S": _ordinal_suffix,
    "w": lambda moment: str(moment.isoweekday() % 7),
    "z": lambda moment: str(moment.timetuple().tm_yday - 1),
    "W": lambda moment: f"{moment.isocalendar().week:02d}",
    "F": lambda moment: MONTHS[moment.month - 1],
    "m": lambda moment: f"{moment.month:02d}",
    "M": lambda moment: MONTHS[moment.month - 1][:3],
    "n": lambda moment: str(moment.month),
    "t": lambda moment: str(calendar.monthrange(moment.year, moment.month)[1]),
    "L": lambda moment: str(int(calendar.isleap(moment.year))),
    "o": lambda moment: str(moment.isocalendar().year),
    "Y": lambda moment: f"{moment.year:04d}",
    "y": lambda moment: f"{moment.year % 100:02d}",
    "a": lambda moment: "am" if moment.hour < 12 else "pm",
    "A": lambda moment: "AM" if moment.hour < 12 else "PM",
    "B": _swatch_beat,
    "g": lambda moment: str(_clock_hour(moment)),
    "G": lambda moment: str(moment.hour),
    "h": lambda moment: f"{_clock_hour(moment):02d}",
    "H": lambda moment: f"{moment.hour:02d}",
    "i": lambda moment: f"{moment.minute:02d}",
    "s": lambda moment: f"{moment.second:02d}",
    "u": lambda moment: f"{moment.microsecond:06d}",
    "v": lambda moment: f"{moment.microsecond // 1000:03d}",
    "e": _zone_name,
    "I": lambda moment: str(int(bool(moment.dst()))),
    "O": lambda moment: _offset(moment, ""),
    "P": lambda moment: _offset(moment, ":"),
    "p": _offset_or_z,
    "T": _zone_short,
    "Z": lambda moment: str(_offset_s(moment)),
    "c": lambda moment: format_date(moment, r"Y-m-d\TH:i:sP"),
    "r": lambda moment: format_date(moment, "D, d M Y H:i:s O"),
    "U": lambda moment: str((moment - _EPOCH) // timedelta(seconds=1)),
}
