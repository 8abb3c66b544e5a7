"""Dates as PHP's ``date()`` writes them, for templates: the helpdesk's letters, in English."""

from __future__ import annotations

import calendar
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from inspector.twig.date_texts import DAYS, MONTHS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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
    if isinstance(moment.tzinfo, timezone) and not name.isalpha():
        return f"GMT{_offset(moment, '')}"
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
