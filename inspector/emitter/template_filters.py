"""The filters and tests a template may use: the helpdesk's names, each bounded.

Each takes the work account first and pays for what it does before it does it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any
from urllib.parse import quote

from jinja2.runtime import Undefined

from inspector.emitter.phpdates import find_zone, format_date, parse_date
from inspector.emitter.template_values import (
    ValueProblemError,
    Work,
    entries_of,
    is_collection,
    is_empty,
    pairs_of,
    to_number,
    to_text,
)

DEFAULT_DATE_FORMAT = "F j, Y H:i"
MAX_DECIMALS = 20
WHITE_SPACE = " \t\n\r\0\x0b"


def _text(work: Work, value: Any) -> str:
    text = to_text(value)
    work.charge(len(text))
    return text


def _sequence(work: Work, value: Any) -> Sequence[Any]:
    """What can be counted and cut: entries, or the characters of a text."""
    entries = entries_of(value) if is_collection(value) else to_text(value)
    work.charge(len(entries))
    return entries


def upper(work: Work, value: Any) -> str:
    """In capitals."""
    return _text(work, value).upper()


def lower(work: Work, value: Any) -> str:
    """In small letters."""
    return _text(work, value).lower()


def capitalize(work: Work, value: Any) -> str:
    """The first letter a capital, the others small."""
    text = _text(work, value)
    return text[:1].upper() + text[1:].lower()


def title(work: Work, value: Any) -> str:
    """Each word with a capital."""
    return re.sub(r"\S+", lambda word: word[0].capitalize(), _text(work, value))


def trim(work: Work, value: Any, character_mask: Any = None, side: Any = "both") -> str:
    """Without white space, or the characters given, at both ends or one."""
    text = _text(work, value)
    mask = WHITE_SPACE if character_mask is None else _text(work, character_mask)
    if to_text(side) == "left":
        return text.lstrip(mask)
    return text.rstrip(mask) if to_text(side) == "right" else text.strip(mask)


def default(_work: Work, value: Any, default: Any = "") -> Any:
    """Another value where there is none."""
    return default if is_empty(value) else value


def date(
    work: Work,
    value: Any,
    format: Any = DEFAULT_DATE_FORMAT,  # noqa: A002 - the helpdesk's name, which may be written
    timezone: Any = None,
) -> str:
    """A date by PHP's letters, in UTC or another zone; no date stays empty."""
    pattern = _text(work, format)
    work.charge(30 * len(pattern))
    zone = UTC if is_empty(timezone) else find_zone(to_text(timezone))
    if zone is None:
        raise ValueProblemError(f"there is no time zone {to_text(timezone)[:40]!r}")
    if is_empty(value):
        return ""
    moment = parse_date(_text(work, value), now=datetime.now(UTC), zone=zone)
    if moment is None:
        raise ValueProblemError(f"{to_text(value)[:40]!r} is not a date")
    return format_date(moment, pattern)


def length(_work: Work, value: Any) -> int:
    """How many entries, or characters."""
    return len(value) if is_collection(value) else len(to_text(value))


def first(work: Work, value: Any) -> Any:
    """The first entry, or character."""
    entries = _sequence(work, value)
    return entries[0] if entries else ""


def last(work: Work, value: Any) -> Any:
    """The last entry, or character."""
    entries = _sequence(work, value)
    return entries[-1] if entries else ""


def keys(work: Work, value: Any) -> list[str | int]:
    """The keys of a map, the positions of a list."""
    pairs = pairs_of(value)
    work.charge(len(pairs))
    return [key for key, _ in pairs]


def join(work: Work, value: Any, glue: Any = "") -> str:
    """The entries as one text, with the glue between them."""
    between = to_text(glue)
    parts = [to_text(entry) for entry in entries_of(value)]
    work.charge(sum(map(len, parts)) + len(between) * len(parts) + len(parts))
    return between.join(parts)


def split(work: Work, value: Any, delimiter: Any, limit: Any = None) -> list[str]:
    """The parts of a text, or its characters when the delimiter is empty."""
    text, between = _text(work, value), to_text(delimiter)
    if not between:
        return list(text)
    if limit is None:
        return text.split(between)
    return text.split(between, max(0, int(to_number(limit)) - 1))


def replace(work: Work, value: Any, pairs: Any, by: Any = None) -> str:
    """Each of a map's keys replaced by its value at once; or one text by another."""
    text = _text(work, value)
    replacements = {to_text(key): to_text(new) for key, new in pairs_of(pairs)}
    if not is_collection(pairs):
        replacements = {to_text(pairs): to_text(by)}
    replacements.pop("", None)
    if not replacements:
        return text
    # The longest first, and nothing that was replaced again: PHP's strtr.
    longest_first = sorted(replacements, key=len, reverse=True)
    work.charge((len(text) + 1) * sum(map(len, longest_first)))

    def put(found: re.Match[str]) -> str:
        new = replacements[found[0]]
        work.charge(len(new))
        return new

    return re.sub("|".join(map(re.escape, longest_first)), put, text)


def slice_(work: Work, value: Any, start: Any, length: Any = None) -> Any:
    """``length`` entries or characters from ``start``; negative numbers count from the end."""
    whole = _sequence(work, value)
    begin = _whole_number(start)
    begin = max(0, len(whole) + begin) if begin < 0 else begin
    if length is None or is_empty(length):
        return whole[begin:]
    count = _whole_number(length)
    end = len(whole) + count if count < 0 else begin + count
    return whole[begin : max(begin, end)]


def _whole_number(value: Any) -> int:
    number = to_number(value)
    if not math.isfinite(number):
        raise ValueProblemError("the number is not finite")
    return int(number)


def url_encode(work: Work, value: Any) -> str:
    """Percent-encoded for a path or a query, every byte but letters, digits and ``-._~``."""
    try:
        return quote(_text(work, value), safe="", errors="surrogateescape")
    except UnicodeEncodeError:
        raise ValueProblemError("the text has half a character in it") from None


def json_encode(work: Work, value: Any) -> str:
    """As JSON, written as PHP's ``json_encode`` does."""
    work.charge_tree(value)
    encoded = json.dumps(_plain(value), separators=(",", ":"))
    work.charge(len(encoded))
    return encoded.replace("/", "\\/")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {to_text(key): _plain(entry) for key, entry in value.items()}
    if is_collection(value):
        return [_plain(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueProblemError("JSON has no infinite numbers")
    return value if value is None or isinstance(value, (bool, int, float)) else to_text(value)


def escape_(work: Work, value: Any, strategy: Any = "html") -> str:
    """Escaped for HTML, or percent-encoded with ``'url'``."""
    if to_text(strategy) == "url":
        return url_encode(work, value)
    if to_text(strategy) != "html":
        raise ValueProblemError(f"there is no escaping {to_text(strategy)[:40]!r}, only html, url")
    return escape(_text(work, value)).replace("&#x27;", "&#039;")


def raw(_work: Work, value: Any) -> Any:
    """As it is: nothing is escaped here anyway."""
    return value


def number_format(
    work: Work, value: Any, decimal: Any = 0, decimal_point: Any = ".", thousand_sep: Any = ","
) -> str:
    """With so many decimals, a point and a separator of thousands."""
    decimals = min(MAX_DECIMALS, max(0, _whole_number(decimal)))
    number = round_(work, value, decimals)
    whole, _, fraction = f"{abs(number):,.{decimals}f}".partition(".")
    separator = _text(work, thousand_sep)
    work.charge(len(whole) * (1 + len(separator)))
    sign = "-" if number < 0 else ""
    point = _text(work, decimal_point) if fraction else ""
    return f"{sign}{whole.replace(',', separator)}{point}{fraction}"


def round_(_work: Work, value: Any, precision: Any = 0, method: Any = "common") -> int | float:
    """Rounded half away from zero; ``'ceil'`` up, ``'floor'`` down."""
    number, digits = to_number(value), _whole_number(precision)
    if isinstance(number, float) and not math.isfinite(number):
        return number
    digits = max(-MAX_DECIMALS, min(MAX_DECIMALS, digits))
    scaled = number * 10.0**digits
    if not math.isfinite(scaled):
        return number
    kind = to_text(method)
    if kind == "ceil":
        rounded = float(math.ceil(scaled))
    elif kind == "floor":
        rounded = float(math.floor(scaled))
    else:
        # 1.005 is a little less in binary; PHP rounds what it looks like.
        rounded = math.copysign(math.floor(float(f"{abs(scaled):.15g}") + 0.5), scaled)
    result = rounded / 10.0**digits
    return int(result) if digits <= 0 and abs(result) < 2**53 else result


def abs_(_work: Work, value: Any) -> int | float:
    """Without its sign."""
    return abs(to_number(value))


FILTERS: dict[str, Callable[..., Any]] = {
    "abs": abs_,
    "capitalize": capitalize,
    "date": date,
    "default": default,
    "e": escape_,
    "escape": escape_,
    "first": first,
    "join": join,
    "json_encode": json_encode,
    "keys": keys,
    "last": last,
    "length": length,
    "lower": lower,
    "number_format": number_format,
    "raw": raw,
    "replace": replace,
    "round": round_,
    "slice": slice_,
    "split": split,
    "title": title,
    "trim": trim,
    "upper": upper,
    "url_encode": url_encode,
}

TESTS: dict[str, Callable[[Any], bool]] = {
    "defined": lambda value: not isinstance(value, Undefined),
    "empty": is_empty,
    "even": lambda value: _whole_number(value) % 2 == 0,
    "iterable": is_collection,
    "none": lambda value: value is None or isinstance(value, Undefined),
    "null": lambda value: value is None or isinstance(value, Undefined),
    "odd": lambda value: _whole_number(value) % 2 == 1,
}
