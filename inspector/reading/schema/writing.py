"""A bin's schema as text, in each format."""

from __future__ import annotations

from collections.abc import Iterable

from inspector.domain import CapturedRequest
from inspector.errors import InspectorError
from inspector.reading.overview.big_bins import Snapshot
from inspector.reading.schema.events import BodyShapes, EventShape
from inspector.reading.schema.json_schema import write_json_schema
from inspector.reading.schema.models import build_models
from inspector.reading.schema.python import write_pydantic, write_typed_dicts
from inspector.reading.schema.typescript import write_typescript

# Titles and the endings of files.
FORMATS = {
    "json-schema": ("JSON Schema", "json"),
    "typescript": ("TypeScript", "ts"),
    "python": ("Python, TypedDict", "py"),
    "pydantic": ("Python, pydantic", "py"),
}
_WRITERS = {
    "typescript": write_typescript,
    "python": write_typed_dicts,
    "pydantic": write_pydantic,
}


def write_schema(
    bin_name: str, look: Snapshot[BodyShapes], form: str = "json-schema", event: str | None = None
) -> str:
    """The schema of a bin's bodies, of all or of one event, in one of ``FORMATS``.

    ASCII, whatever the names are; its head names the requests it was made from. Raises
    ``InspectorError`` ``no_such_event``.
    """
    shapes = look.made
    events = shapes.list_events() if event is None else [_find_event(bin_name, shapes, event)]
    count = sum(each.count for each in events)
    said = f"The bodies of {count:,} request{'' if count == 1 else 's'} to {bin_name}"
    if not look.is_whole:
        said += f"; {look.read:,} of {look.wanted:,} requests are read, ask again for more"
    if form == "json-schema":
        return write_json_schema(shapes, events, f"{said}.")
    return _WRITERS[form](build_models(shapes, events), f"{said}.")


def write_schema_of(
    bin_name: str,
    requests: Iterable[CapturedRequest],
    form: str = "json-schema",
    event: str | None = None,
) -> str:
    """The schema of the bodies of these requests, oldest first; see ``write_schema``."""
    shapes = BodyShapes()
    for each in requests:
        shapes.add(each)
    count = shapes.request_count
    return write_schema(bin_name, Snapshot(shapes, count, count, count, True), form, event)


def _find_event(bin_name: str, shapes: BodyShapes, name: str) -> EventShape:
    found = shapes.find(name)
    if found is None:
        known = ", ".join(repr(each.name) for each in shapes.list_events()[:10]) or "none"
        message = f"{bin_name} has no body of the event {name[:80]!r}. There is {known}."
        raise InspectorError("no_such_event", message, field="event")
    return found
