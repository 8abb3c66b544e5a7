"""PHP's casts to string, for bodies that are built and for templates that are rendered."""

from __future__ import annotations

from typing import Any


def text_of(value: Any) -> str:
    """The text PHP makes of a scalar: ``(string) $value``.

    Raises ``TypeError`` for anything that is not text, bool, int, float or None.
    """
    if isinstance(value, str):
        return value
    if value is None or value is False:
        return ""
    if value is True:
        return "1"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return format_float(value)
    raise TypeError(f"A value must be a text, a number, a list or a map, not {type(value)}.")


def format_float(value: float) -> str:
    """A float with 14 digits, PHP's default ``precision``: ``0.1``, ``1.0E+25``, ``INF``."""
    mantissa, letter, exponent = f"{value:.14G}".partition("E")
    if not letter:
        return mantissa
    if "." not in mantissa:
        mantissa += ".0"
    return f"{mantissa}E{int(exponent):+d}"
