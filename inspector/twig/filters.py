"""The filters and tests a template may use: the helpdesk's names, each bounded.

Each takes the work account first and charges its work to it before doing it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from jinja2.runtime import Undefined

from inspector.twig import dates, formats, lists
from inspector.twig.errors import ValueProblemError
from inspector.twig.escaping import GROWTH, escape_html, escape_text
from inspector.twig.values import (
    Markup,
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
    """The text without white space, or given characters, at both ends or one."""
    text = work.text(value)
    mask = WHITE_SPACE if character_mask is None else work.text(character_mask)
    trims = {"both": text.strip, "left": text.lstrip, "right": text.rstrip}
    if to_text(side) not in trims:
        raise ValueProblemError("the side that trim takes is left, right or both")
    return trims[to_text(side)](mask)


def default(_work: Work, value: Any, default: Any = "") -> Any:
    """Another value where there is none."""
    return default if is_empty(value) else value


def replace(work: Work, value: Any, from_: Any, *others: Any) -> str:
    """Each of a map's keys replaced by its value at once."""
    if others or not is_collection(from_):
        raise ValueProblemError("replace takes a map, as in replace({'a': 'b'})")
    text = work.text(value)
    replacements = {to_text(key): to_text(new) for key, new in pairs_of(from_)}
    replacements.pop("", None)
    if not replacements:
        return text
    # As PHP's strtr: the longest key first, and replaced text is not replaced again.
    longest_first = sorted(replacements, key=len, reverse=True)
    work.charge((len(text) + 1) * sum(map(len, longest_first)))

    def put(found: re.Match[str]) -> str:
        new = replacements[found[0]]
        work.charge(len(new))
        return new

    return re.sub("|".join(map(re.escape, longest_first)), put, text)


def escape_(work: Work, value: Any, strategy: Any = "html") -> str:
    """Escaped for HTML, or by another of ``STRATEGIES``."""
    if to_text(strategy) == "url":
        return formats.url_encode(work, value)
    text = work.text(value)
    work.charge(GROWTH * len(text))
    return Markup(escape_text(text, to_text(strategy)))


def raw(_work: Work, value: Any) -> Any:
    """The value unchanged; ``nl2br`` and ``spaceless`` do not escape it either."""
    return Markup(value) if isinstance(value, str) else value


def _escaped(work: Work, value: Any) -> str:
    """The text of a value as HTML; what is HTML already stays."""
    text = work.text(value)
    if isinstance(value, Markup):
        return text
    work.charge(GROWTH * len(text))
    return escape_html(text)


def nl2br(work: Work, value: Any) -> str:
    """HTML with ``<br />`` before each line end; what is no HTML yet is escaped first."""
    text = _escaped(work, value)
    work.charge(6 * (text.count("\n") + text.count("\r")))
    return Markup(re.sub(r"\r\n|\n\r|\n|\r", r"<br />\g<0>", text))


def spaceless(work: Work, value: Any) -> str:
    """HTML without white space between tags, and around it all; else escaped first."""
    return Markup(_BETWEEN_TAGS.sub("><", _escaped(work, value)).strip(WHITE_SPACE))


def striptags(work: Work, value: Any) -> str:
    """The text without HTML tags and comments."""
    return _TAG.sub("", work.text(value))


FILTERS: dict[str, Callable[..., Any]] = {
    "abs": formats.abs_,
    "batch": lists.batch,
    "capitalize": capitalize,
    "column": lists.column,
    "date": dates.date,
    "date_modify": dates.date_modify,
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
    "attribute": lists.attribute,
    "cycle": lists.cycle,
    "date": dates.make_date,
    "max": lists.maximum,
    "min": lists.minimum,
    "random": lists.random,
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
