"""Names and values in the API's JSON: a list of pairs, which keeps repeats, or an object."""

from __future__ import annotations

from typing import Any

from inspector.errors import InspectorError

_LIST = {
    "type": "array",
    "items": {
        "type": "array",
        "items": {"type": "string"},
        "minItems": 2,
        "maxItems": 2,
    },
}
_OBJECT = {"type": "object", "additionalProperties": {"type": "string"}}
PAIRS_SCHEMA = {"anyOf": [_LIST, _OBJECT, {"type": "null"}]}


def read_pairs(value: Any, field: str) -> tuple[tuple[str, str], ...]:
    """What ``PAIRS_SCHEMA`` describes; null is none. Raises ``invalid_<field>``."""
    pairs = [list(pair) for pair in value.items()] if isinstance(value, dict) else value
    if pairs is None:
        return ()
    if not isinstance(pairs, list) or not all(_is_pair(pair) for pair in pairs):
        message = f"{field} is a list of names and values, each a text."
        raise InspectorError(f"invalid_{field}", message, field=field)
    return tuple((name, text) for name, text in pairs)


def _is_pair(value: Any) -> bool:
    return (
        isinstance(value, list) and len(value) == 2 and all(isinstance(part, str) for part in value)
    )
