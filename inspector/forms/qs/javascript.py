"""Numbers as keys in JavaScript."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import TypeAlias

# Whole, and a float where it is beyond what a double holds exactly.
Index: TypeAlias = "int | float"

_DIGITS = re.compile("0|[1-9][0-9]*")
_MAX_EXACT_DIGITS = 15
_MAX_ARRAY_INDEX = 2**32 - 2


def read_index(text: str) -> Index | None:
    """The number when ``String(parseInt(text))`` is ``text`` and it is not negative."""
    if not _DIGITS.fullmatch(text) or len(text) > 21:
        return None
    if len(text) <= _MAX_EXACT_DIGITS:
        return int(text)
    number = float(text)
    return number if write_index(number) == text else None


def write_index(index: Index) -> str:
    """``String(index)``."""
    if isinstance(index, int):
        return str(index)
    return f"{Decimal(repr(index)):f}".removesuffix(".0") if index < 1e21 else repr(index)


def next_index(index: Index) -> Index:
    """``index + 1``, rounded as a double is."""
    number = index + 1
    return number if number < 10**_MAX_EXACT_DIGITS else float(number)


def is_array_index(key: str) -> bool:
    """True when an object lists this key by its number, before all others."""
    if not (key[:1].isdigit() and key.isascii() and len(key) <= 10):
        return False
    return _DIGITS.fullmatch(key) is not None and int(key) <= _MAX_ARRAY_INDEX


def sort_keys(keys: Iterable[str]) -> list[str]:
    """Keys in the order of ``Object.keys``; ``keys`` are in the order of their creation."""
    numbers: list[str] = []
    others: list[str] = []
    for key in keys:
        (numbers if is_array_index(key) else others).append(key)
    return [*sorted(numbers, key=int), *others]
