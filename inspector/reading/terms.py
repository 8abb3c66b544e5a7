"""Search terms written down for a field that someone looks at: the other way of ``query``."""

from __future__ import annotations

from inspector.domain import CapturedRequest
from inspector.errors import InspectorError
from inspector.reading.fields import Name, find_text
from inspector.reading.query import parse_query

MAX_VALUE_CHARS = 200


def write_has(name: Name) -> str:
    """The term for requests that have the field."""
    return f"has:{name}"


def write_comparison(name: Name, operator: str, value: str) -> str:
    """``ticket.agent.id=3``; in quotes when the value's spaces need them."""
    quoted = f'"{value}"' if any(char.isspace() for char in value) else value
    return f"{name}{operator}{quoted}"


def finds(request: CapturedRequest, text: str) -> bool:
    """True when a query is one, can be sent in a URL, and finds this request."""
    try:
        text.encode()
        return parse_query(text).matches(request)
    except (InspectorError, UnicodeEncodeError):
        return False


def find_terms(request: CapturedRequest, name: Name) -> tuple[str, str]:
    """The terms for requests with this field, and for those with its value here.

    Each is ``""`` where the language cannot say it, as with a quote in a value.
    """
    has = write_has(name)
    value = find_text(request, name)
    if value is None or len(value) > MAX_VALUE_CHARS:
        equals = ""
    else:
        equals = write_comparison(name, "=", value)
    return has if finds(request, has) else "", equals if finds(request, equals) else ""
