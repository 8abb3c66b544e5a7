"""Problems of the emitter's form, each at the field that it is about."""

from __future__ import annotations

from typing import Any

from inspector.errors import InspectorError

# The form's parts that a problem can stand at; all others stand at the preview.
_PLACES = {
    "url": "url",
    "headers": "headers",
    "header": "headers",
    "custom_data": "data",
    **dict.fromkeys(("body", "form", "body_base64", "body_file", "content_type"), "body"),
    "ticket": "ticket",
    "changes": "changes",
    "count": "plan",
    "first": "plan",
    "rate": "plan",
    "concurrency": "plan",
    "timeout_s": "options",
    "connect_timeout_s": "options",
    "first_byte_timeout_s": "options",
    "retries": "options",
    "basic_auth": "options",
    "sign": "options",
}
OTHER = "form"
PLACES = (*dict.fromkeys(_PLACES.values()), OTHER)


def place_of(problem: InspectorError) -> str:
    """The part of the form that a problem is about."""
    field = problem.details.get("field")
    if field is None and problem.code in ("invalid_path", "path_not_found"):
        field = "changes"
    if field is None and problem.details.get("header"):
        field = "headers"
    return _PLACES.get(str(field).partition(".")[0], OTHER)


def row_of(problem: InspectorError) -> int | str:
    """The number of the row of that part, from 1; ``""`` when it has none."""
    row = str(problem.details.get("field", "")).partition(".")[2]
    return int(row) + 1 if row.isdecimal() else ""


def describe_problems() -> dict[str, Any]:
    """The names that the templates of problems use."""
    return {"problem_places": PLACES, "place_of": place_of, "row_of": row_of}
