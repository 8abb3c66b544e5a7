"""Arguments of a test, checked at the call, so that the error names the wrong one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, TypeAlias

Seconds: TypeAlias = float | timedelta


def is_whole(value: object) -> bool:
    """True for a whole number; True and False are none."""
    return isinstance(value, int) and not isinstance(value, bool)


def read_text(name: str, value: Any) -> str:
    """The text that the argument ``name`` is. Raises ``TypeError``."""
    if not isinstance(value, str):
        raise TypeError(f"{name} is text, not {value!r}")
    return value


def read_number(name: str, value: Any) -> int:
    """The whole number that the argument ``name`` is. Raises ``TypeError``."""
    if not is_whole(value):
        raise TypeError(f"{name} is a whole number, not {value!r}")
    return int(value)


def read_seconds(name: str, value: Seconds) -> float:
    """The argument ``name`` in seconds. Raises ``TypeError``, for NaN ``ValueError``."""
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise TypeError(f"{name} is a number of seconds or a timedelta, not {value!r}")
    if seconds != seconds:
        raise ValueError(f"{name} is a number of seconds, not {value!r}")
    return float(seconds)


def list_pairs(name: str, pairs: Mapping[Any, Any] | Iterable[Any]) -> list[Any]:
    """The pairs of a mapping, or what is given one by one. Raises ``TypeError``."""
    if isinstance(pairs, Mapping):
        return list(pairs.items())
    if isinstance(pairs, str | bytes) or not isinstance(pairs, Iterable):
        raise TypeError(f"{name}= is a mapping, or pairs of a name and a value, not {pairs!r}")
    return list(pairs)
