"""The schema of a bin's bodies, worked out from all that it has received, event by event."""

from inspector.reading.schema.events import BodyShapes
from inspector.reading.schema.writing import FORMATS, write_schema, write_schema_of

__all__ = ["FORMATS", "BodyShapes", "write_schema", "write_schema_of"]
