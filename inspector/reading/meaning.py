"""Meanings of values (a time, a flag, a size), shown beside them and never in their place.

A table of rules over a field's key, its text and the fields beside it. A rule that does not
apply gives nothing; none raises, none does I/O, and the only clock is the moment of capture
that the caller gives.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

from inspector.reading.amounts import (
    find_duration,
    find_epoch_s,
    find_mail_date,
    find_text,
    read_base64,
    say_money,
)
from inspector.reading.files.embedded import find_embedded_kind
from inspector.reading.files.kinds import FileKind, find_kind
from inspector.reading.text import shorten

TIME, FLAG, LINK, EMAIL, DURATION, IDENTITY = "time", "flag", "link", "email", "duration", "id"
MONEY, BASE64 = "money", "base64"

MAX_LINK_CHARS = 2000
# No rule is about a longer key, so longer ones are not cached.
MAX_KEY_CHARS = 100
MIN_SHAPED_CHARS, MAX_SHAPED_CHARS = 3, 20_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Meaning:
    """``text`` is for the reader. ``href`` is a link's target, ``instant`` a time's.

    A link and an address need no text: the value itself is what one clicks.
    ``problem`` is a sentence about a value that contradicts the field beside it,
    ``agrees`` the name of a sibling that was checked and says the same.
    """

    kind: str
    text: str
    href: str | None = None
    instant: datetime | None = None
    distance: str | None = None
    agrees: str | None = None
    problem: str | None = None


class Context(NamedTuple):
    """A field among its siblings.

    ``texts`` are the siblings that are not containers, the field itself included, by
    key; ``received_at`` is the moment of capture.
    """

    key: str
    text: str
    texts: Mapping[str, str]
    received_at: datetime


Rule = Callable[[Context], Meaning | None]


def find_meaning(context: Context) -> Meaning | None:
    """The meaning by the first rule that applies, or None for a plain value."""
    if len(context.key) <= MAX_KEY_CHARS:
        for rule in _choose_rules(context.key):
            meaning = rule(context)
            if meaning is not None:
                return meaning
    return _read_content(context)


@lru_cache(maxsize=4096)
def _choose_rules(key: str) -> tuple[Rule, ...]:
    """A key's rules. Keys recur from field to field and request to request, so this is kept."""
    return tuple(rule for applies, rule in RULES if applies(key))


# -- times ----------------------------------------------------------------------------------

_STAMP_KEY = re.compile(r"(.*)_ts(_ms)?\Z", re.DOTALL)
_DATE = re.compile(
    r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d(?::\d\d)?)(\.\d{1,6})?\d*(Z|[+-]\d\d:?\d\d)?\Z", re.ASCII
)
_NUMBER = re.compile(r"-?\d{1,17}\Z", re.ASCII)


def _read_stamp(context: Context) -> Meaning | None:
    """Seconds or milliseconds since 1970, checked against the date of the same name.

    Source: the sample ticket, where each ``x_ts`` and ``x_ts_ms`` is ``x`` in UTC,
    and 0 where ``x`` is empty.
    """
    match = _STAMP_KEY.match(context.key)
    if match is None or not _NUMBER.match(context.text):
        return None
    base, milliseconds = match[1], match[2] is not None
    number = int(context.text)
    if number == 0:
        date = context.texts.get(base, "")
        problem = f"{base} is not empty" if date and _find_instant(date) else None
        return Meaning(TIME, "no time", problem=problem)
    instant = _add_seconds(number / 1000 if milliseconds else number)
    if instant is None:
        return Meaning(TIME, "beyond the year 9999")
    agrees, problem = _check_siblings(context, base, instant)
    return _time_meaning(context, instant, agrees, problem)


def _read_date(context: Context) -> Meaning | None:
    """A written date; without a zone it is UTC, as the stamps beside such dates show."""
    instant = _find_instant(context.text)
    if instant is None:
        return None
    agrees, problem = _check_siblings(context, context.key, instant)
    return _time_meaning(context, instant, agrees, problem)


def _check_siblings(
    context: Context, base: str, instant: datetime
) -> tuple[str | None, str | None]:
    """The sibling that holds the same instant, and a sentence on one that does not.

    Dates and ``_ts`` are whole seconds, so a difference below one is none.
    """
    agrees = None
    for name, scale in ((base, 0), (f"{base}_ts", 1), (f"{base}_ts_ms", 1000)):
        text = context.texts.get(name)
        if name == context.key or text is None:
            continue
        other = _find_instant(text) if scale == 0 else _stamp_instant(text, scale)
        if other is None:
            if text in ("", "0"):
                return None, f"{name} is {'empty' if text == '' else 'no time'}"
            continue
        if abs(other - instant) >= timedelta(seconds=1):
            return None, _say_difference(name, other - instant)
        agrees = agrees or name
    return agrees, None


def _say_difference(name: str, difference: timedelta) -> str:
    side = "later" if difference > timedelta(0) else "earlier"
    size = abs(difference)
    # Offsets of time zones are whole quarters of an hour, 14 hours at most.
    zone = size <= timedelta(hours=14) and size % timedelta(minutes=15) == timedelta(0)
    return f"{name} is {say_duration(size)} {side}" + (": another time zone?" if zone else "")


def _time_meaning(
    context: Context, instant: datetime, agrees: str | None, problem: str | None
) -> Meaning:
    text = f"{instant:%Y-%m-%d %H:%M:%S}"
    if instant.microsecond:
        text += f".{instant:%f}".rstrip("0")
    return Meaning(
        TIME,
        f"{text} UTC",
        instant=instant,
        distance=say_distance(instant, context.received_at),
        agrees=agrees,
        problem=problem,
    )


def _stamp_instant(text: str, scale: int) -> datetime | None:
    if not _NUMBER.match(text) or int(text) == 0:
        return None
    return _add_seconds(int(text) / scale)


def _add_seconds(seconds: float) -> datetime | None:
    try:
        return _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return None


def _find_instant(text: str) -> datetime | None:
    match = _DATE.match(text)
    if match is None:
        return None
    day, time, fraction, zone = match.groups()
    zone = (zone or "Z").replace("Z", "+00:00")
    time = time if time.count(":") == 2 else f"{time}:00"
    micros = (fraction or ".0")[1:].ljust(6, "0")
    try:
        return datetime.fromisoformat(f"{day}T{time}.{micros}{zone}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


# -- spans ----------------------------------------------------------------------------------

UNITS = (("y", 31_556_952), ("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def say_duration(span: timedelta) -> str:
    """``41 d 18 h 42 min 52 s``: exact to the second below a year, years (365.2425 d) above."""
    seconds = int(span.total_seconds())
    parts: list[str] = []
    for unit, size in UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}")
    if parts and parts[0].endswith(" y"):
        parts = parts[:2]
    return " ".join(parts) or "0 s"


def say_distance(instant: datetime, received_at: datetime) -> str:
    """``2 d before capture``: one unit, rounded down, because the exact time stands beside it."""
    seconds = abs(instant - received_at) // _SECOND
    if seconds == 0:
        return "at capture"
    unit, size = next((unit, size) for unit, size in UNITS if seconds >= size)
    side = "before" if instant < received_at else "after"
    return f"{seconds // size} {unit} {side} capture"


def _read_seconds(context: Context) -> Meaning | None:
    """Waiting and total times are seconds.

    Source: the sample ticket, whose ``current_user_waiting`` is the time from its
    last reply to the moment it was sent.
    """
    if not _NUMBER.match(context.text) or len(context.text) > 12 or context.text.startswith("-"):
        return None
    return Meaning(DURATION, say_duration(timedelta(seconds=int(context.text))))


def _read_epoch(context: Context) -> Meaning | None:
    """A number that is a time by its size, under a key that speaks of times."""
    seconds = find_epoch_s(context.text)
    instant = None if seconds is None else _add_seconds(seconds)
    return None if instant is None else _time_meaning(context, instant, None, None)


def _read_milliseconds(context: Context) -> Meaning | None:
    if not _NUMBER.match(context.text) or not 1000 <= int(context.text) < 10**12:
        return None
    return Meaning(DURATION, say_duration(timedelta(milliseconds=int(context.text))))


def _read_money(context: Context) -> Meaning | None:
    """A whole number beside a currency: most who send such a pair count its smallest unit."""
    currency = context.texts.get("currency") or context.texts.get("currency_code", "")
    said = say_money(context.text, currency) if currency else None
    return Meaning(MONEY, said) if said else None


def _read_amount(context: Context) -> Meaning | None:
    """``warn_time`` 1 beside ``warn_time_unit`` minutes is one minute."""
    unit = context.texts.get(f"{context.key}_unit", "")
    if not _NUMBER.match(context.text) or not unit.isalpha() or len(unit) > 20:
        return None
    return Meaning(DURATION, f"{context.text} {unit[:-1] if context.text == '1' else unit}")


# -- flags and ids --------------------------------------------------------------------------

_FLAGS = {"1": "yes", "0": "no", "": "no", "true": "yes", "false": "no"}


def _read_flag(context: Context) -> Meaning | None:
    """PHP sends true as ``1`` and false as nothing at all, or as ``0``."""
    answer = _FLAGS.get(context.text)
    return Meaning(FLAG, answer) if answer else None


_NAME_KEYS = "display_name display_name_real name title subject title_full email filename".split()
_ID = re.compile(r"\d{1,19}\Z|[0-9a-fA-F-]{8,40}\Z", re.ASCII)


def _read_id(context: Context) -> Meaning | None:
    """The name of the object that an id belongs to, from the fields beside it."""
    if not _ID.match(context.text):
        return None
    name = next((context.texts[key] for key in _NAME_KEYS if context.texts.get(key)), "")
    return Meaning(IDENTITY, name) if name else None


# -- content that speaks for itself ---------------------------------------------------------

_EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?\Z"
)
_LINK = re.compile(r"https?://[!-~]+\Z", re.IGNORECASE)


def _read_content(context: Context) -> Meaning | None:
    text = context.text
    if len(text) < MIN_SHAPED_CHARS:  # Flags, small numbers and what is empty.
        return None
    if "@" in text and len(text) <= 320 and _EMAIL.match(text) and ".." not in text:
        return Meaning(EMAIL, "", href=f"mailto:{_escape_address(text)}")
    if text[:4].lower() == "http" and find_link(text):
        return Meaning(LINK, "", href=text)
    if len(text) > MAX_SHAPED_CHARS or text[:5] == "data:":
        return _name_file(find_embedded_kind(text))
    return _read_shaped(context) if len(text) > MIN_SHAPED_CHARS else None


def _read_shaped(context: Context) -> Meaning | None:
    """Dates and durations that say all of themselves, and text or a file in base64."""
    text = context.text
    if text[:2].isdigit() and text[10:11] == "T" and (zoned := _DATE.match(text)) and zoned[4]:
        instant = _find_instant(text)
    else:
        instant = find_mail_date(text) if text[3:5] == ", " else None
    if instant is not None:
        return _time_meaning(context, instant, None, None)
    if text[0] == "P" and (length := find_duration(text)) is not None:
        return Meaning(DURATION, say_duration(length))
    data = read_base64(text)
    if data is None:
        return None
    if told := find_text(data):
        return Meaning(BASE64, f"base64 of “{shorten(told)}”")
    return _name_file(find_kind(data))


def _name_file(kind: FileKind | None) -> Meaning | None:
    return Meaning(BASE64, ", ".join([f"{kind.name} in base64", *kind.facts])) if kind else None


def find_link(text: str) -> str | None:
    """The text when it is an absolute http or https URL that a browser reads as we do."""
    if len(text) > MAX_LINK_CHARS or not _LINK.match(text) or "\\" in text:
        return None
    try:
        host = urlsplit(text).hostname
    except ValueError:
        return None
    return text if host else None


def _escape_address(address: str) -> str:
    """Characters that mean something in a mailto URL (RFC 6068, 2), escaped."""
    return re.sub(r"[%&?#/`{|}^]", lambda match: f"%{ord(match[0]):02X}", address)


# -- the table ------------------------------------------------------------------------------


def _key_like(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern, re.DOTALL)
    return lambda key: compiled.match(key) is not None


is_time_key = _key_like(r".*_ts(_ms)?\Z|date\Z|date_|.*_date\Z|.*_at\Z")
is_flag_key = _key_like(
    r"(is|can|has|was)_|(disable|enable)_(?!.*_log\Z)|.*_(enabled|disabled)\Z|default_on\Z"
)
is_duration_key = _key_like(
    r".*_waiting(_work)?\Z|total_to_|total_user_|.*_(?:seconds|secs)\Z|expires_in\Z|ttl\Z|retry_after\Z"
)
_is_epoch_key = _key_like(
    r"(?i:.*(?:created|updated|modified|expir\w*|deleted|cancell?ed|completed|sent|received|time|"
    r"timestamp|date|start|end|since|until|issued|\bts|_ts|_at|_on|\bexp|\biat|\bnbf))\Z|.*At\Z"
)
_is_millisecond_key = _key_like(r".*(?:_ms|_millis|Ms|Millis)\Z")
_is_money_key = _key_like(r"(?:.*_)?(?:amount|price|total|subtotal|tax|fee|balance|net)(?:_.*)?\Z")
is_id_key = _key_like(r"id\Z|.*_id\Z")

RULES: tuple[tuple[Callable[[str], bool], Rule], ...] = (
    (_key_like(r".*_ts(_ms)?\Z"), _read_stamp),
    (is_time_key, _read_date),
    (is_duration_key, _read_seconds),
    (_key_like(r".*_time\Z"), _read_amount),
    (is_flag_key, _read_flag),
    (is_id_key, _read_id),
    (_is_epoch_key, _read_epoch),
    (_is_millisecond_key, _read_milliseconds),
    (_is_money_key, _read_money),
)
