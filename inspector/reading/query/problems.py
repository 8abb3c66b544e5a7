"""The error for a query that cannot be read."""

from __future__ import annotations

from inspector.errors import InspectorError


def make_error(message: str) -> InspectorError:
    """``invalid_query``, with a sentence that says what to write instead."""
    return InspectorError("invalid_query", message, field="q")
