"""Times, durations and money as webhooks write them in JSON; pure, and quick to say no."""

from __future__ import annotations

import re
from binascii import Error as Base64Error
from binascii import a2b_base64
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

# Seconds from 2000 to 2100: few numbers that are no times are in this range.
_FIRST_S, _LAST_S = 946_684_800, 4_102_444_800
_EPOCH = re.compile(r"\d{9,10}(?:\.\d{1,9})?\Z|\d{12,13}\Z", re.ASCII)
_MAIL_DATE = re.compile(r"[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d(:\d\d)? \S{1,6}\Z")
# ISO 8601, without years and months, whose length is not known.
_DURATION = re.compile(
    r"P(?=.)(?:(\d{1,6})W)?(?:(\d{1,6})D)?"
    r"(?:T(?=.)(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,8})(?:[.,]\d{1,9})?S)?)?\Z",
    re.ASCII,
)
_WHOLE = re.compile(r"-?\d{1,15}\Z", re.ASCII)
_BASE64 = re.compile(r"[A-Za-z0-9+/]{16,}+={0,2}\Z")
_MAX_BASE64_CHARS = 20_000
_UNREADABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffd]")

# Digits behind the point where they are not two (ISO 4217, "minor unit").
_DIGITS = dict.fromkeys(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split(), 0
)
_DIGITS |= dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3)


def find_epoch_s(text: str) -> float | None:
    """Seconds since 1970 of a number of seconds or milliseconds between the years 2000 and 2100."""
    if not _EPOCH.match(text):
        return None
    number = float(text)
    seconds = number / 1000 if number >= 1e11 else number
    return seconds if _FIRST_S <= seconds <= _LAST_S else None


def find_mail_date(text: str) -> datetime | None:
    """The instant of a date as in mail and HTTP headers (RFC 5322, 3.3); aware."""
    if not _MAIL_DATE.match(text):
        return None
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return found if found.tzinfo else None


def find_duration(text: str) -> timedelta | None:
    """The length of ``PT1H30M`` or ``P2DT3S``, parts of a second left out."""
    match = _DURATION.match(text)
    if match is None:
        return None
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)


def say_money(text: str, currency: str) -> str | None:
    """``19.99 USD, if in cents`` for a whole number beside a currency's code of three letters."""
    code = currency.upper()
    if not _WHOLE.match(text) or len(code) != 3 or not (code.isascii() and code.isalpha()):
        return None
    digits = _DIGITS.get(code, 2)
    amount = int(text)
    if not digits:
        return f"{amount:,} {code}"
    whole, rest = divmod(abs(amount), 10**digits)
    unit = "cents" if digits == 2 else "thousandths"
    return f"{'-' if amount < 0 else ''}{whole:,}.{rest:0{digits}} {code}, if in {unit}"


def read_base64(text: str) -> bytes | None:
    """The bytes of a text that is base64 and nothing else (RFC 4648, 4), None for any other."""
    if len(text) % 4 or len(text) > _MAX_BASE64_CHARS or not _BASE64.match(text):
        return None
    try:
        return a2b_base64(text, strict_mode=True)
    except Base64Error:
        return None


def find_text(data: bytes) -> str | None:
    """The bytes as readable UTF-8, None where they are not."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    return None if _UNREADABLE.search(text) else text
