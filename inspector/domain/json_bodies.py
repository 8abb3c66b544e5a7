"""JSON texts as values: bounded before they are parsed, for their senders may be hostile."""

from __future__ import annotations

import json
import math
from typing import Any, Literal, TypeAlias

MAX_JSON_DEPTH = 200
MAX_JSON_VALUES = 500_000

Excess: TypeAlias = Literal["nesting_exceeded", "values_exceeded"]


def parse_json(data: bytes) -> Any:
    """The value of a JSON text, or None when it is none.

    What exceeds a limit (see ``find_excess``) is no JSON to us.
    """
    if find_excess(data) is not None:
        return None
    try:
        return json.loads(data, parse_float=_finite, parse_constant=_finite)
    except (ValueError, RecursionError):
        return None


def find_excess(data: bytes) -> Excess | None:
    """Why a JSON text is too much to be parsed, or None when it is not.

    It is deeper than ``MAX_JSON_DEPTH`` brackets, or of more than ``MAX_JSON_VALUES``
    values: neither Python's parser nor a reader goes there.
    """
    brackets = data.translate(None, _NO_BRACKETS)
    if len(brackets) // 2 + data.count(b",") > MAX_JSON_VALUES:
        return "values_exceeded"
    return "nesting_exceeded" if _measure_depth(brackets) > MAX_JSON_DEPTH else None


def _finite(text: str) -> float:
    """A number; ``NaN`` is none in JSON, and what no double holds could not be shown as JSON."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _measure_depth(brackets: bytes) -> int:
    """An upper bound of the nesting: brackets inside strings count too, which errs safely."""
    depth = deepest = 0
    for byte in brackets:
        if byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        else:
            depth -= 1
    return deepest


_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
