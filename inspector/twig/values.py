"""The meaning of values in templates: PHP's rules, which Twig follows.

Everything in a ticket is a text, so "5" equals 5 and "0" is false. Python's own operators
decide otherwise, and some would run for hours.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from jinja2 import ChainableUndefined, Undefined

from inspector.forms.casts import text_of
from inspector.twig.errors import TooMuchWorkError, ValueProblemError

Number: TypeAlias = int | float

MAX_NUMBER_CHARS = 330
MAX_NESTING = 100
ENTRY_COST = 10  # The cost of an entry, where a character costs 1.

_NUMERIC = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*\Z", re.ASCII)
_INT_RANGE = range(-(2**63), 2**63)


class Markup(str):
    """HTML made by a filter or a block, which is not escaped again."""

    __slots__ = ()


class Work:
    """Counts what a template does, in characters and entries touched, up to ``limit``.

    ``notes`` are half sentences about what the author may not expect of the result.
    """

    def __init__(self, limit: int) -> None:
        self._left = limit
        self.notes: list[str] = []

    def charge(self, amount: int) -> None:
        """Account for work before it is done; raises ``TooMuchWorkError`` beyond the limit."""
        self._left -= amount + 1
        if self._left < 0:
            raise TooMuchWorkError

    def charge_tree(self, value: Any) -> None:
        """Account for every entry of nested data, however often it is shared."""
        pending = [(value, 0)]
        while pending:
            entry, depth = pending.pop()
            if depth > MAX_NESTING:
                raise ValueProblemError(f"the data is nested deeper than {MAX_NESTING}")
            if isinstance(entry, str):
                self.charge(len(entry))
                continue
            self.charge(ENTRY_COST)
            if is_collection(entry):
                pending.extend((inner, depth + 1) for inner in entries_of(entry))

    def text(self, value: Any) -> str:
        """The text of a value, accounted for."""
        text = to_text(value)
        self.charge(len(text))
        return text


def is_collection(value: Any) -> bool:
    """Lists and maps: what PHP calls an array."""
    return isinstance(value, (Mapping, list, tuple))


def entries_of(value: Any) -> Sequence[Any]:
    """The values of a list or a map; nothing of anything else."""
    if isinstance(value, Mapping):
        return list(value.values())
    return value if isinstance(value, (list, tuple)) else ()


def pairs_of(value: Any) -> list[tuple[str | int, Any]]:
    """Keys and values of a list or a map; nothing of anything else."""
    if isinstance(value, Mapping):
        return list(value.items())
    return list(enumerate(entries_of(value)))


def look_up(value: Any, key: Any) -> Any:
    """An entry of a map or a list; of anything else, and for any other key, no value."""
    if isinstance(value, dict):
        found = value.get(key if isinstance(key, str) else to_text(key))
    elif isinstance(value, (list, tuple)):
        text = to_text(key)
        index = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
        found = value[index] if 0 <= index < len(value) else None
    else:
        found = None
    return ChainableUndefined(name=to_text(key)) if found is None else found


def to_text(value: Any) -> str:
    """The printed text of a value: PHP's, ``Array`` for lists and maps.

    Whatever a template can get hold of beside data (its loop, say) prints nothing.
    """
    if isinstance(value, str):
        return value
    if is_collection(value):
        return "Array"
    if value is None or isinstance(value, (bool, int, float)):
        return text_of(value)
    return ""


def is_true(value: Any) -> bool:
    """PHP's truth: nothing, "", "0", 0 and empty collections are false."""
    if isinstance(value, str):
        return value not in ("", "0")
    return not isinstance(value, Undefined) and bool(value)


def is_empty(value: Any) -> bool:
    """True for nothing, "", false and empty collections, but not for "0"."""
    if isinstance(value, Undefined) or value is None or value is False:
        return True
    return (isinstance(value, str) or is_collection(value)) and not value


def find_number(value: Any) -> Number | None:
    """The number that a value is or spells, or None."""
    if isinstance(value, (int, float)):
        return _fit(value)
    if not isinstance(value, str) or len(value) > MAX_NUMBER_CHARS or not _NUMERIC.match(value):
        return None
    text = value.strip(" \t\n\r\v\f")
    return _fit(int(text) if text.lstrip("+-").isdigit() else float(text))


def to_number(value: Any) -> Number:
    """The number of a value for arithmetic; nothing is 0.

    Raises ``ValueProblemError`` for a text that is none.
    """
    if is_empty(value) and not is_collection(value):
        return 0
    number = find_number(value)
    if number is None:
        shown = to_text(value)
        raise ValueProblemError(f"{shown[:40]!r} is not a number")
    return number


def to_whole_number(value: Any) -> int:
    """The number without its fraction. Raises ``ValueProblemError``, for infinite ones too."""
    number = to_number(value)
    if not math.isfinite(number):
        raise ValueProblemError("the number is not finite")
    return int(number)


def _fit(number: Number) -> Number:
    """An integer beyond 64 bits goes on as a float."""
    if isinstance(number, float):
        return number
    return int(number) if number in _INT_RANGE else _as_float(number)


def _as_float(number: int) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def _power(base: Number, exponent: Number) -> Number:
    """Bounded: what has more than 64 bits is worked out as a float."""
    if isinstance(base, int) and isinstance(exponent, int) and exponent >= 0:
        if base.bit_length() * exponent <= 128:
            return int(base**exponent)
        if base in (0, 1, -1):
            return base if exponent % 2 else abs(base)
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return math.inf
    except ValueError:
        return math.nan


def _divide(left: Number, right: Number) -> Number:
    quotient = left / right
    return int(quotient) if quotient.is_integer() and abs(quotient) < 2**53 else quotient


def _modulo(left: Number, right: Number) -> Number:
    """PHP's remainder: of integers, with the sign of the dividend."""
    left, right = int(left), int(right)
    return int(math.copysign(1, left)) * (abs(left) % abs(right))


_ARITHMETIC: dict[str, Callable[[Number, Number], Number]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divide,
    "//": lambda left, right: math.floor(left / right),
    "%": _modulo,
    "**": _power,
}
OPERATORS = frozenset(_ARITHMETIC)


def calculate(sign: str, left: Any, right: Any) -> Number:
    """Arithmetic as PHP does it, on numbers and texts that spell one.

    Raises ``ValueProblemError`` for anything else, and for a division by zero.
    """
    if is_collection(left) or is_collection(right):
        raise ValueProblemError(f"{sign} works on numbers, not on lists or maps")
    try:
        return _fit(_ARITHMETIC[sign](to_number(left), to_number(right)))
    except ZeroDivisionError:
        raise ValueProblemError("a division by zero") from None
    except (OverflowError, ValueError):  # floor or remainder of infinity
        return math.nan
    except ValueProblemError as problem:
        hint = "; join texts with ~" if sign == "+" else ""
        raise ValueProblemError(f"{problem}{hint}") from None


def bits_and(work: Work, left: Any, right: Any) -> int:
    """``b-and``: the bits of two numbers that both have."""
    return _bits(work, left) & _bits(work, right)


def bits_or(work: Work, left: Any, right: Any) -> int:
    """``b-or``: the bits of two numbers that one of them has."""
    return _bits(work, left) | _bits(work, right)


def bits_xor(work: Work, left: Any, right: Any) -> int:
    """``b-xor``: the bits of two numbers that only one of them has."""
    return _bits(work, left) ^ _bits(work, right)


def _bits(work: Work, value: Any) -> int:
    work.charge(1)
    number = to_whole_number(value)
    if number not in _INT_RANGE:
        raise ValueProblemError("the number has more than 64 bits")
    return number


_ORDERINGS: dict[str, Callable[[Any, Any], bool]] = {
    "lt": operator.lt,
    "lteq": operator.le,
    "gt": operator.gt,
    "gteq": operator.ge,
}


def compare_values(work: Work, sign: str, left: Any, right: Any) -> bool:
    """Compare as PHP 8 does: texts that spell numbers as numbers.

    ``sign`` is Jinja's name of the operator: eq, ne, lt, lteq, gt, gteq, in, notin.

    Source: PHP manual, comparison operators and numeric strings.
    """
    if sign in ("in", "notin"):
        return _is_in(work, left, right) == (sign == "in")
    if sign in ("eq", "ne"):
        return _are_equal(work, left, right) == (sign == "eq")
    if is_collection(left) or is_collection(right):
        raise ValueProblemError("lists and maps have no order")
    first, second = _comparable(work, left, right)
    return _ORDERINGS[sign](first, second)


def order(work: Work, left: Any, right: Any) -> int:
    """-1, 0 or 1: PHP's ``<=>``."""
    if compare_values(work, "eq", left, right):
        return 0
    return -1 if compare_values(work, "lt", left, right) else 1


def _are_equal(work: Work, left: Any, right: Any) -> bool:
    if is_collection(left) and is_collection(right):
        work.charge_tree(left)
        work.charge_tree(right)
        return bool(_as_maps(left) == _as_maps(right))
    first, second = _comparable(work, left, right)
    return bool(first == second)


def are_identical(left: Any, right: Any) -> bool:
    """Of one type and equal: PHP's ``===``, with no value for null."""
    first, second = (None if isinstance(each, Undefined) else each for each in (left, right))
    if is_collection(first) and is_collection(second):
        return pairs_of(first) == pairs_of(second)
    return type(first) is type(second) and bool(first == second)


def _as_maps(value: Any) -> Any:
    """Lists and maps with the same keys are equal, in whatever order."""
    if not is_collection(value):
        return value
    return {str(key): _as_maps(entry) for key, entry in pairs_of(value)}


def _comparable(work: Work, left: Any, right: Any) -> tuple[Any, Any]:
    """Both as bools, as numbers or as texts, whichever PHP would compare."""
    if isinstance(left, Undefined):
        left = None
    if isinstance(right, Undefined):
        right = None
    if isinstance(left, bool) or isinstance(right, bool):
        return is_true(left), is_true(right)
    if is_collection(left) or is_collection(right):
        return (is_true(left), is_true(right)) if None in (left, right) else (0, 1)
    if left is None or right is None:
        if not isinstance(left, str) and not isinstance(right, str):
            return is_true(left), is_true(right)
        return to_text(left), to_text(right)
    numbers = find_number(left), find_number(right)
    if None not in numbers:
        return numbers
    first, second = to_text(left), to_text(right)
    work.charge(min(len(first), len(second)))
    return first, second


def _is_in(work: Work, needle: Any, haystack: Any) -> bool:
    if is_collection(haystack):
        entries = entries_of(haystack)
        work.charge(len(entries))
        return any(_are_equal(work, needle, entry) for entry in entries)
    if is_collection(needle):
        return False
    text = to_text(haystack)
    work.charge(len(text))
    return to_text(needle) in text
