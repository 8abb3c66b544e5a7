"""A database's size and counts, for monitoring; no row of a request is read."""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple

from sqlalchemy import Engine, text

from inspector.storage.database.engine import find_path

_BINS = text("SELECT coalesce(sum(held), 0), coalesce(sum(stored_bytes), 0) FROM bins")
_POSTGRESQL_SIZE = text("SELECT pg_database_size(current_database())")


class DatabaseMeasures(NamedTuple):
    """Requests that bins hold, bytes of heads and bodies, and bytes on the disk with all else."""

    requests: int
    stored_bytes: int
    disk_bytes: int


def measure_database(engine: Engine) -> DatabaseMeasures:
    """The measures of this moment; those of PostgreSQL are of the whole database."""
    with engine.connect() as connection:
        requests, stored = connection.execute(_BINS).one()
        disk = 0
        if engine.dialect.name == "postgresql":
            disk = connection.execute(_POSTGRESQL_SIZE).scalar() or 0
    path = find_path(engine)
    if path is not None:
        for ending in ("", "-wal", "-words", "-words-wal"):
            with suppress(OSError):
                disk += path.with_name(path.name + ending).stat().st_size
    return DatabaseMeasures(int(requests), int(stored), int(disk))
