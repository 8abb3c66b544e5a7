"""The filters and tests a template may use: the helpdesk's names, each bounded.

Each takes the work account first and pays for what it does before it does it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from typing import Any

from jinja2.runtime import Undefined

from inspector.twig import formats, lists
from inspector.twig.errors import ValueProblemError
from inspector.twig.values import (
    Work,
    are_identical,
    is_collection,
    is_empty,
    pairs_of,
    to_text,
    to_whole_number,
)

WHITE_SPACE = " \t\n\r\0\x0b"
# Letters, and what stands within a word: a digit ends one, an apostrophe does not.
_WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|['’‘`^.:·])*")
# A comment, or a tag with what is quoted in it; one that does not end goes to the end.
_TAG = re.compile(
    r"<!--.*?(?:-->|\Z)|<(?=\S)(?:\"[^\"]*(?:\"|\Z)|'[^']*(?:'|\Z)|[^>\"'])*(?:>|\Z)", re.DOTALL
)

_BETWEEN_TAGS = re.compile(r">[ \t-\r]+<")


def upper(work: Work, value: Any) -> str:
    """In capitals."""
    return work.text(value).upper()


def lower(work: Work, value: Any) -> str:
    """In small letters."""
    return work.text(value).lower()


def capitalize(work: Work, value: Any) -> str:
    """The first letter a capital, the others small."""
    text = work.text(value)
    return text[:1].upper() + text[1:].lower()


def title(work: Work, value: Any) -> str:
    """Each word with a capital."""
    return _WORD.sub(lambda word: word[0].capitalize(), work.text(value))


def trim(work: Work, value: Any, character_mask: Any = None, side: Any = "both") -> str:
    """Without white space, or the characters given, at both ends or one."""
    text = work.text(value)
    mask = WHITE_SPACE if character_mask is None else work.text(character_mask)
    if to_text(side) == "left":
        return text.lstrip(mask)
    return text.rstrip(mask) if to_text(side) == "right" else text.strip(mask)


def default(_work: Work, value: Any, default: Any = "") -> Any:
    """Another value where there is none."""
    return default if is_empty(value) else value


def replace(work: Work, value: Any, pairs: Any, by: Any = None) -> str:
    """Each of a map's keys replaced by its value at once; or one text by another."""
    text = work.text(value)
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


def escape_(work: Work, value: Any, strategy: Any = "html") -> str:
    """Escaped for HTML, or percent-encoded with ``'url'``."""
    if to_text(strategy) == "url":
        return formats.url_encode(work, value)
    if to_text(strategy) != "html":
        raise ValueProblemError(f"there is no escaping {to_text(strategy)[:40]!r}, only html, url")
    return escape(work.text(value)).replace("&#x27;", "&#039;")


def raw(_work: Work, value: Any) -> Any:
    """As it is: nothing is escaped here anyway."""
    return value


def nl2br(work: Work, value: Any) -> str:
    """With ``<br />`` before each line end."""
    text = work.text(value)
    work.charge(6 * (text.count("\n") + text.count("\r")))
    return re.sub(r"\r\n|\n\r|\n|\r", r"<br />\g<0>", text)


def spaceless(work: Work, value: Any) -> str:
    """Without white space between HTML's tags, and around it all."""
    return _BETWEEN_TAGS.sub("><", work.text(value)).strip(WHITE_SPACE)


def striptags(work: Work, value: Any) -> str:
    """Without HTML's tags and comments."""
    return _TAG.sub("", work.text(value))


FILTERS: dict[str, Callable[..., Any]] = {
    "abs": formats.abs_,
    "capitalize": capitalize,
    "column": lists.column,
    "date": formats.date,
    "date_modify": formats.date_modify,
    "default": default,
    "e": escape_,
    "escape": escape_,
    "filter": lists.filter_,
    "first": lists.first,
    "format": formats.format_,
    "join": lists.join,
    "json_encode": formats.json_encode,
    "keys": lists.keys,
    "last": lists.last,
    "length": lists.length,
    "lower": lower,
    "map": lists.map_,
    "merge": lists.merge,
    "nl2br": nl2br,
    "number_format": formats.number_format,
    "raw": raw,
    "reduce": lists.reduce,
    "replace": replace,
    "reverse": lists.reverse,
    "round": formats.round_,
    "slice": lists.slice_,
    "sort": lists.sort,
    "spaceless": spaceless,
    "split": lists.split,
    "striptags": striptags,
    "title": title,
    "trim": trim,
    "upper": upper,
    "url_encode": formats.url_encode,
}

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "date": formats.make_date,
    "max": lists.maximum,
    "min": lists.minimum,
    "range": lists.make_range,
}


def _has_remainder(value: Any, by: Any) -> bool:
    divisor = to_whole_number(by)
    if not divisor:
        raise ValueProblemError("a division by zero")
    return to_whole_number(value) % divisor != 0


TESTS: dict[str, Callable[..., bool]] = {
    "defined": lambda value: not isinstance(value, Undefined),
    "divisible by": lambda value, by: not _has_remainder(value, by),
    "empty": is_empty,
    "even": lambda value: not _has_remainder(value, 2),
    "iterable": is_collection,
    "none": lambda value: value is None or isinstance(value, Undefined),
    "null": lambda value: value is None or isinstance(value, Undefined),
    "odd": lambda value: _has_remainder(value, 2),
    "same as": lambda value, other: are_identical(value, other),
}
