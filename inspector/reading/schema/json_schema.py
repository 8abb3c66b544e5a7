"""A bin's bodies as a JSON Schema.

Source: JSON Schema 2020-12, Core and Validation. Properties that were not met are allowed:
a sender may add one any day.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from inspector.reading.schema.events import BodyShapes, EventShape
from inspector.reading.schema.models import MAX_NEVER, build_models
from inspector.reading.schema.shapes import ANY, ARRAY, INTEGER, NUMBER, OBJECT, Shape

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def write_json_schema(shapes: BodyShapes, events: Sequence[EventShape], said: str) -> str:
    """The schema in ASCII: of one event, or of all, each under its name in ``$defs``."""
    models = build_models(shapes, events)
    made = {name: _of_event(shapes, event) for event, name, _ in models.bodies}
    head: dict[str, Any] = {"$schema": DIALECT, "description": said}
    if len(made) == 1:
        head |= next(iter(made.values()))
    elif made:
        head["anyOf"] = [{"$ref": f"#/$defs/{name}"} for name in made]
        head["$defs"] = made
    return json.dumps(head, indent=2) + "\n"


def _of_event(shapes: BodyShapes, event: EventShape) -> dict[str, Any]:
    found: dict[str, Any] = {"title": event.name} if event.name else {}
    never = shapes.list_never(event)[:MAX_NEVER]
    if never:
        found["$comment"] = f"Never with this event: {', '.join(never)}"
    return found | schema_of(event.shape)


def schema_of(shape: Shape) -> dict[str, Any]:
    """The schema of a shape's values."""
    kinds = set(shape.kinds)
    if not kinds or ANY in kinds:
        return {}
    if NUMBER in kinds:
        kinds.discard(INTEGER)
    types = sorted(kinds)
    found: dict[str, Any] = {"type": types[0] if len(types) == 1 else types}
    if OBJECT in kinds and shape.values is not None:
        found["additionalProperties"] = schema_of(shape.values)
    elif OBJECT in kinds and shape.properties:
        listed = shape.list_properties()
        found["properties"] = {
            name: ({} if is_always else {"$comment": f"In {each.seen} of {shape.objects}"})
            | schema_of(each)
            for name, each, is_always in listed
        }
        required = [name for name, _, is_always in listed if is_always]
        if required:
            found["required"] = required
    if ARRAY in kinds and shape.items is not None:
        found["items"] = schema_of(shape.items)
    return found
