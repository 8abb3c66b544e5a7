"""Names and values in the API's JSON: a list of pairs, which keeps repeats, or an object."""

from __future__ import annotations

from typing import Any

from inspector.domain.pairs import Pairs, find_pairs
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
# Pairs as we write them, and a moment.
SENT_PAIRS = {"type": "array", "items": {"type": "array", "minItems": 2, "maxItems": 2}}
MOMENT = {"format": "date-time"}
PAIRS_SCHEMA = {"anyOf": [_LIST, _OBJECT, {"type": "null"}]}


def read_pairs(value: Any, field: str) -> Pairs:
    """The pairs of a value like ``PAIRS_SCHEMA``; null is none. Raises ``invalid_<field>``."""
    pairs = () if value is None else find_pairs(value)
    if pairs is None:
        message = f"{field} is a list of names and values, each a text."
        raise InspectorError(f"invalid_{field}", message, field=field)
    return pairs
