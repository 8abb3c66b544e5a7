"""The API's call about the schema of a bin's bodies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from flask import Response
from flask.typing import ResponseReturnValue

from inspector.reading.schema import BodyShapes, write_schema
from inspector.reading.schema.events import MAX_EVENT_CHARS
from inspector.web.api.calls import Api, CallResponse
from inspector.web.api.schema import About
from inspector.web.current import current_services, find_bin

api = Api()

# The time that one call reads requests; the next one goes on from there.
TIME_S = 20.0
SCHEMA_TYPE = "application/schema+json"
SchemaFormat = Literal["json-schema", "typescript", "python", "pydantic"]


@dataclass(frozen=True)
class SchemaQuery:
    """The schema that is wanted."""

    format: Annotated[
        SchemaFormat,
        About("python gives TypedDict classes, pydantic models of pydantic 2."),
    ] = "json-schema"
    event: Annotated[
        str | None,
        About(
            "Only the bodies of this event, as requests name it in sender; all without it.",
            max_length=MAX_EVENT_CHARS,
        ),
    ] = None


@api.call(
    "GET",
    "/bins/<name>/schema",
    CallResponse(others=(SCHEMA_TYPE, "text/plain"), meaning="The schema."),
    query=SchemaQuery,
    errors=("no_such_event",),
)
def get_schema(name: str, query: SchemaQuery) -> ResponseReturnValue:
    """Get the schema of all forms and JSON that a bin has received.

    A field that each body of an event had is required, all others are optional, and each
    object may have more. A large bin is read in several calls: the head of the text says
    how far it is.
    """
    bin_, services = find_bin(name), current_services()
    look = services.shapes.look(services.requests, bin_, BodyShapes, whole=True, time_s=TIME_S)
    text = write_schema(bin_.name, look, query.format, query.event)
    kind = SCHEMA_TYPE if query.format == "json-schema" else "text/plain; charset=utf-8"
    return Response(text, content_type=kind)
