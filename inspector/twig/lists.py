"""Filters and functions for lists and maps, which are one thing in PHP: arrays.

A list is an array with the keys 0 to n-1. Each function numbers the entries of its result anew,
or keeps the keys, as PHP's function of that name does.
"""

from __future__ import annotations

import math
import re
import secrets
from collections.abc import Iterable, Sequence
from functools import cmp_to_key
from typing import Any

from inspector.twig.errors import ValueProblemError
from inspector.twig.scope import Arrow
from inspector.twig.values import (
    ENTRY_COST,
    Work,
    compare_values,
    entries_of,
    find_number,
    is_collection,
    is_empty,
    is_true,
    look_up,
    order,
    pairs_of,
    to_number,
    to_text,
    to_whole_number,
)

_INDEX = re.compile(r"(0|-?[1-9][0-9]{0,17})\Z")


def _charged_pairs(work: Work, value: Any) -> list[tuple[str | int, Any]]:
    pairs = pairs_of(value)
    work.charge(ENTRY_COST * len(pairs))
    return pairs


def _sequence(work: Work, value: Any) -> Sequence[Any]:
    """The entries of a list or map, or the characters of a text."""
    return entries_of(value) if is_collection(value) else work.text(value)


def _renumber(pairs: Iterable[tuple[str | int, Any]]) -> Any:
    """An array whose numbers count from 0 again, while names stay."""
    renumbered: dict[str, Any] = {}
    names = count = 0
    for key, entry in pairs:
        if isinstance(key, int) or _INDEX.match(key):
            renumbered[str(count)] = entry
            count += 1
        else:
            names += 1
            renumbered[key] = entry
    return renumbered if names else list(renumbered.values())


def _with_keys(pairs: list[tuple[str | int, Any]]) -> Any:
    """An array with just these keys, in this order."""
    if all(key == index for index, (key, _) in enumerate(pairs)):
        return [entry for _, entry in pairs]
    return {str(key): entry for key, entry in pairs}


def length(_work: Work, value: Any) -> int:
    """The number of entries, or of characters."""
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
    return [key for key, _ in _charged_pairs(work, value)]


def cycle(work: Work, values: Any, position: Any) -> Any:
    """The entry at a position, counted on from the first after the last."""
    if not is_collection(values):
        return values
    entries = entries_of(values)
    work.charge(ENTRY_COST)
    if not entries:
        raise ValueProblemError("there is nothing to cycle through")
    return look_up(values, math.fmod(to_whole_number(position), len(entries)))


def attribute(_work: Work, variable: Any, attribute: Any) -> Any:
    """An entry of a map or a list, by a name that is worked out."""
    return look_up(variable, attribute)


def random(work: Work, values: Any = None, max: Any = None) -> Any:  # noqa: A002 - Twig's name
    """An entry or a character by chance; or a number up to the one given, or between two."""
    if is_collection(values) or isinstance(values, str):
        whole = _sequence(work, values)
        if not whole and not isinstance(values, str):
            raise ValueProblemError("there is nothing to choose from")
        return secrets.choice(whole) if whole else ""
    low, high = 0, 2**31 - 1
    if values is not None:
        low, high = sorted((0, to_whole_number(values)))
    if max is not None:
        low, high = to_whole_number(values), to_whole_number(max)
    if low > high:
        raise ValueProblemError("random goes from a number to a larger one")
    return low + secrets.randbelow(high - low + 1)


def join(work: Work, value: Any, glue: Any = "", and_: Any = None) -> str:
    """The entries as one text, with the glue between them, or another before the last."""
    between = to_text(glue)
    before_last = between if and_ is None else to_text(and_)
    parts = [to_text(entry) for entry in (entries_of(value) if is_collection(value) else [value])]
    seams = max(len(between), len(before_last))
    work.charge(sum(map(len, parts)) + (seams + 1) * len(parts))
    if len(parts) < 2:
        return "".join(parts)
    return f"{between.join(parts[:-1])}{before_last}{parts[-1]}"


def split(work: Work, value: Any, delimiter: Any, limit: Any = None) -> list[str]:
    """The parts of a text; with an empty delimiter pieces of ``limit`` characters.

    Otherwise ``limit`` is how many parts there may be; a negative one leaves out so many
    at the end.
    """
    text, between = work.text(value), to_text(delimiter)
    most = None if limit is None else to_whole_number(limit)
    work.charge(ENTRY_COST * (text.count(between) if between else len(text)))
    if not between:
        size = max(1, most or 1)
        pieces = [text[start : start + size] for start in range(0, len(text), size)]
        return pieces or [""]
    if most is None:
        return text.split(between)
    if most < 0:
        return text.split(between)[:most]
    return text.split(between, max(0, most - 1))


def slice_(
    work: Work, value: Any, start: Any, length: Any = None, preserve_keys: Any = False
) -> Any:
    """``length`` entries or characters from ``start``; negative numbers count from the end."""
    is_list = is_collection(value)
    whole: Sequence[Any] = _charged_pairs(work, value) if is_list else work.text(value)
    begin = to_whole_number(start)
    begin = max(0, len(whole) + begin) if begin < 0 else begin
    end = len(whole)
    if length is not None and not is_empty(length):
        count = to_whole_number(length)
        end = max(begin, len(whole) + count if count < 0 else begin + count)
    part: Any = whole[begin:end]
    if not is_list:
        return part
    return _with_keys(part) if not is_empty(preserve_keys) else _renumber(part)


def merge(work: Work, value: Any, arr2: Any) -> Any:
    """The entries of both; a name of the second goes in the place of the same name."""
    for each in (value, arr2):
        if not is_collection(each):
            raise ValueProblemError("merge works on lists and maps")
    pairs = [*_charged_pairs(work, value), *_charged_pairs(work, arr2)]
    return _renumber(pairs)


def batch(work: Work, value: Any, size: Any, fill: Any = None, preserve_keys: Any = True) -> Any:
    """Pieces of so many entries; ``fill`` goes to where the last one has none."""
    if not is_collection(value):
        raise ValueProblemError("batch works on lists and maps")
    number = to_number(size)
    if not 0 < number < 10**6:
        raise ValueProblemError("batch makes pieces of 1 entry or more")
    count = math.ceil(number)
    pairs = _charged_pairs(work, value)
    pieces = [pairs[start : start + count] for start in range(0, len(pairs), count)]
    if fill is not None and pieces and len(pieces[-1]) < count:
        missing = count - len(pieces[-1])
        work.charge(ENTRY_COST * missing)
        indices = [int(key) for key, _ in pieces[-1] if isinstance(key, int) or _INDEX.match(key)]
        begin = max(indices, default=-1) + 1
        pieces[-1] = [*pieces[-1], *((begin + each, fill) for each in range(missing))]
    if not is_true(preserve_keys):
        return [_renumber(piece) for piece in pieces]
    return [_with_keys(piece) for piece in pieces]


def column(work: Work, value: Any, name: Any) -> list[Any]:
    """The entry of this name of each entry that has one."""
    key = to_text(name)
    entries = [dict(pairs_of(entry)) for _, entry in _charged_pairs(work, value)]
    work.charge(ENTRY_COST * sum(map(len, entries)))
    return [entry[key] for entry in entries if key in entry]


def reverse(work: Work, value: Any, preserve_keys: Any = False) -> Any:
    """The entries, or characters, from the last to the first."""
    if not is_collection(value):
        return work.text(value)[::-1]
    pairs = _charged_pairs(work, value)[::-1]
    return _with_keys(pairs) if not is_empty(preserve_keys) else _renumber(pairs)


def sort(work: Work, value: Any, arrow: Any = None) -> Any:
    """The entries from the smallest to the largest, each with its key.

    An arrow function of two entries tells their order by a number, as ``a <=> b`` does.
    """
    if not is_collection(value):
        raise ValueProblemError("sort works on lists and maps")
    compared = None if arrow is None else _function(arrow, "sort((a, b) => a.id <=> b.id)")

    def in_order(left: tuple[Any, Any], right: tuple[Any, Any]) -> int:
        work.charge(ENTRY_COST)
        if compared is not None:
            return to_whole_number(compared(left[1], right[1]))
        return order(work, left[1], right[1])

    return _with_keys(sorted(_charged_pairs(work, value), key=cmp_to_key(in_order)))


def filter_(work: Work, value: Any, arrow: Any) -> Any:
    """The entries, each with its key, for which an arrow function gives something true."""
    wanted = _function(arrow, "filter(v => v.id > 5)")
    pairs = _mapped_pairs(work, value, "filter")
    return _with_keys([(key, entry) for key, entry in pairs if is_true(wanted(entry, key))])


def map_(work: Work, value: Any, arrow: Any) -> Any:
    """The results of an arrow function for each entry, under the entry's key."""
    made = _function(arrow, "map(v => v.name)")
    pairs = _mapped_pairs(work, value, "map")
    return _with_keys([(key, made(entry, key)) for key, entry in pairs])


def reduce(work: Work, value: Any, arrow: Any, initial: Any = None) -> Any:
    """One value of all entries: what an arrow function makes of the one so far and the next."""
    added = _function(arrow, "reduce((sum, v) => sum + v.hours, 0)")
    for key, entry in _mapped_pairs(work, value, "reduce"):
        initial = added(initial, entry, key)
    return initial


def _mapped_pairs(work: Work, value: Any, name: str) -> list[tuple[str | int, Any]]:
    if not is_collection(value):
        raise ValueProblemError(f"{name} works on lists and maps")
    return _charged_pairs(work, value)


def _function(arrow: Any, example: str) -> Arrow:
    if not isinstance(arrow, Arrow):
        raise ValueProblemError(f"an arrow function is missing, as in {example}")
    return arrow


def make_range(work: Work, low: Any, high: Any, step: Any = 1) -> list[Any]:
    """Numbers, or letters, from one to the other; downwards when the second is smaller.

    Source: PHP manual, ``range``.
    """
    ends = [find_number(end) for end in (low, high)]
    texts = [to_text(end) for end in (low, high)]
    if None in ends and all(texts):
        codes = [ord(text[0]) for text in texts]
        return [chr(code) for code in _count_up(work, codes[0], codes[1], to_whole_number(step))]
    return _count_up(work, ends[0] or 0, ends[1] or 0, to_number(step))


def _count_up(work: Work, low: Any, high: Any, step: Any) -> list[Any]:
    step = abs(step)
    if not step or not low - low == high - high == step - step == 0:  # infinite or none
        raise ValueProblemError("a range goes from one number to another, in steps of more than 0")
    count = int(abs(high - low) / step * (1 + 1e-12))
    work.charge(ENTRY_COST * (count + 1))
    step = step if low <= high else -step
    return [low + index * step for index in range(count + 1)]


def maximum(work: Work, *values: Any) -> Any:
    """The largest of several, or of a list's entries."""
    return _extreme(work, values, "gt")


def minimum(work: Work, *values: Any) -> Any:
    """The smallest of several, or of a list's entries."""
    return _extreme(work, values, "lt")


def _extreme(work: Work, values: Sequence[Any], sign: str) -> Any:
    entries = entries_of(values[0]) if len(values) == 1 else values
    if not entries:
        raise ValueProblemError("there is nothing to choose from")
    work.charge(ENTRY_COST * len(entries))
    best = entries[0]
    for entry in entries[1:]:
        if compare_values(work, sign, entry, best):
            best = entry
    return best
