"""The server's log: lines with their time; logged text of strangers cannot forge a line."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TextIO

from inspector.reading.text import escape_invisible

ACCESS = "inspector.access"


class TextFormatter(logging.Formatter):
    """One line an event; a traceback is indented, so that it cannot be taken for an event."""

    def format(self, record: logging.LogRecord) -> str:
        """The event, with all that a terminal would obey escaped."""
        lines = [f"{_tell_time(record)} {record.levelname} {record.name}: {_message(record)}"]
        lines += [f"  {escape_invisible(line)}" for line in _trace(record).split("\n") if line]
        return "\n".join(lines)


class JsonFormatter(logging.Formatter):
    """One JSON object a line, ASCII: ``time``, ``level``, ``logger``, ``message``, and more.

    ``exception`` is a traceback; fields of the access log have names of their own.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The event."""
        found: dict[str, object] = {
            "time": _tell_time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
            **getattr(record, "fields", {}),
        }
        trace = _trace(record)
        if trace:
            found["exception"] = trace
        return json.dumps(found)


def set_up_logging(
    *,
    form: str = "text",
    level: str = "warning",
    access: bool = False,
    stream: TextIO | None = None,
) -> None:
    """Log to ``stream``, stderr by default; ``access`` adds a line for each response."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    # waitress warns for each request that waits for a thread.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    # The driver warns of an object that it ends a broken connection with; we say what broke.
    logging.getLogger("psycopg").setLevel(logging.ERROR)
    logging.getLogger(ACCESS).setLevel(logging.INFO if access else logging.CRITICAL)


def _tell_time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, tz=UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _message(record: logging.LogRecord) -> str:
    return escape_invisible(record.getMessage())


def _trace(record: logging.LogRecord) -> str:
    if not record.exc_info:
        return ""
    return logging.Formatter().formatException(record.exc_info)
