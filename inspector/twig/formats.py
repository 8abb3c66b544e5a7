"""The filters that write numbers and data as texts, as PHP's functions write them."""

from __future__ import annotations

import json
import math
import re
from typing import Any
from urllib.parse import quote

from jinja2.runtime import Undefined

from inspector.forms import build
from inspector.twig.errors import ValueProblemError
from inspector.twig.values import (
    Work,
    find_number,
    is_collection,
    pairs_of,
    to_number,
    to_text,
    to_whole_number,
)

MAX_DECIMALS = 20
MAX_WIDTH = 1_000

_NUMBER_START = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_DIRECTIVE = re.compile(
    r"%(?:%|(?P<position>[1-9]\d{0,3}\$)?(?P<flags>(?:[-+ 0]|'.)*)(?P<width>\d{1,4})?"
    r"(?:\.(?P<precision>\d{1,4}))?(?P<letter>[bcdeEfFgGosuxX])|(?P<wrong>.?))",
    re.DOTALL,
)


def number_format(
    work: Work,
    number: Any,
    decimal: Any = None,
    decimal_point: Any = None,
    thousand_sep: Any = None,
) -> str:
    """The number with decimals, a point and a separator of thousands."""
    decimals = min(MAX_DECIMALS, max(0, to_whole_number(decimal)))
    rounded = round_(work, number, decimals)
    whole, _, fraction = f"{abs(rounded):,.{decimals}f}".partition(".")
    separator = "," if thousand_sep is None else work.text(thousand_sep)
    work.charge(len(whole) * (1 + len(separator)))
    sign = "-" if rounded < 0 else ""
    point = "" if not fraction else "." if decimal_point is None else work.text(decimal_point)
    return f"{sign}{whole.replace(',', separator)}{point}{fraction}"


def round_(_work: Work, value: Any, precision: Any = 0, method: Any = "common") -> int | float:
    """Rounded half away from zero; ``'ceil'`` up, ``'floor'`` down."""
    number, digits = to_number(value), to_whole_number(precision)
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
    elif kind == "common":
        # 1.005 is a little less in binary; PHP rounds the decimal text.
        rounded = math.copysign(math.floor(float(f"{abs(scaled):.15g}") + 0.5), scaled)
    else:
        raise ValueProblemError(f"there is no rounding {kind[:40]!r}, only common, ceil, floor")
    result = rounded / 10.0**digits
    return int(result) if digits <= 0 and abs(result) < 2**53 else result


def abs_(_work: Work, value: Any) -> int | float:
    """The absolute value."""
    return abs(to_number(value))


def url_encode(work: Work, value: Any) -> str:
    """Percent-encoded, every byte but letters, digits and ``-._~``; a map becomes a query."""
    try:
        if is_collection(value):
            work.charge_tree(value)
            fields = {to_text(key): _texts(entry) for key, entry in pairs_of(value)}
            query = build(fields).decode().replace("+", "%20").replace("%7E", "~")
            work.charge(len(query))
            return query
        return quote(work.text(value), safe="", errors="surrogateescape")
    except UnicodeEncodeError:
        raise ValueProblemError("the text has half a character in it") from None


def _texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {to_text(key): _texts(entry) for key, entry in value.items()}
    if is_collection(value):
        return [_texts(entry) for entry in value]
    return "0" if value is False else to_text(value)


def json_encode(work: Work, value: Any) -> str:
    """JSON, written as PHP's ``json_encode`` writes it."""
    work.charge_tree(value)
    encoded = json.dumps(_plain(value), separators=(",", ":"))
    work.charge(len(encoded))
    return encoded.replace("/", "\\/")


def _plain(value: Any) -> Any:
    if is_collection(value):
        pairs = [(to_text(key), _plain(entry)) for key, entry in pairs_of(value)]
        is_list = all(key == str(index) for index, (key, _) in enumerate(pairs))
        return [entry for _, entry in pairs] if is_list else dict(pairs)
    if isinstance(value, Undefined):
        return None
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueProblemError("JSON has no infinite numbers")
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    return value if value is None or isinstance(value, (bool, int)) else to_text(value)


def format_(work: Work, value: Any, *values: Any) -> str:
    """A text with values in the place of ``%s``, ``%d``, ``%05.2f``, ``%2$s``.

    Source: PHP manual, ``sprintf``.
    """
    pattern = work.text(value)
    following = iter(values)

    def put(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%"
        if found["wrong"] is not None:
            raise ValueProblemError(f"{found[0]!r} is no part of a format; write %% for a percent")
        place = int((found["position"] or "0$")[:-1])
        if place > len(values):
            raise ValueProblemError(f"the format asks for more than {len(values)} values")
        try:
            given = values[place - 1] if place else next(following)
        except StopIteration:
            raise ValueProblemError(f"the format asks for more than {len(values)} values") from None
        width = int(found["width"] or 0)
        precision = None if found["precision"] is None else int(found["precision"])
        if max(width, precision or 0) > MAX_WIDTH:
            raise ValueProblemError(f"a format is at most {MAX_WIDTH} characters wide")
        written = _write(work, given, found["letter"], "+" in found["flags"], precision)
        work.charge(len(written) + width)
        return _pad(written, width, found["flags"], is_number=found["letter"] not in "sc")

    return _DIRECTIVE.sub(put, pattern)


def _write(work: Work, value: Any, letter: str, plus: bool, precision: int | None) -> str:
    if letter == "s":
        text = work.text(value)
        return text if precision is None else text[:precision]
    # A text counts as the number it begins with.
    start = _NUMBER_START.match(value) if isinstance(value, str) else None
    number = find_number(start[0] if start else value) or 0
    if letter in "eEfFgG":
        decimals = min(6 if precision is None else precision, MAX_DECIMALS)
        written = f"{float(number):{'+' if plus else ''}.{decimals}{letter}}"
        # PHP's exponents have no leading zero.
        return re.sub(r"(?<=[eE][+-])0+(?=\d)", "", written)
    whole = to_whole_number(number)
    if letter == "d":
        return f"{whole:+d}" if plus else str(whole)
    if letter == "c":
        return chr(whole & 0xFF)
    return f"{whole & (2**64 - 1):{'d' if letter == 'u' else letter}}"


def _pad(written: str, width: int, flags: str, *, is_number: bool) -> str:
    missing = width - len(written)
    if missing <= 0:
        return written
    custom = re.search(r"'(.)", flags, re.DOTALL)
    plain = re.sub(r"'.", "", flags, flags=re.DOTALL)
    filler = custom[1] if custom else "0" if "0" in plain else " "
    if "-" in plain:
        return written + filler * missing
    if filler == "0" and is_number and written[0] in "+-":
        return written[0] + filler * missing + written[1:]
    return filler * missing + written
