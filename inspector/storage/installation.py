"""Values that all processes on a database share, by name."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine, text

# Values about one database alone: the writer's readiness check, the index of words beside it, a
# copy under way. Neither a copy nor a backup has them.
CHECKED = "checked"
INDEX_TOKEN = "index"  # noqa: S105 - the name of a value
INDEX_CLOSED = "index closed"
INDEX_VERSION = "index version"
COPY_OF = "copy of"
RUN_PREFIX = "run "  # of each value about a series or replays under way
OF_ONE_DATABASE = (CHECKED, INDEX_TOKEN, INDEX_CLOSED, INDEX_VERSION, COPY_OF)

FIND_VALUE = text("SELECT value FROM installation WHERE name = :name")
_ADD = text(
    "INSERT INTO installation (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING"
)
SET_VALUE = text(
    "INSERT INTO installation (name, value) VALUES (:name, :value)"
    " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)
_DELETE = text("DELETE FROM installation WHERE name = :name")


def find_value(engine: Engine, name: str) -> str | None:
    """The value, None where there is none."""
    with engine.connect() as connection:
        found = connection.execute(FIND_VALUE, {"name": name}).scalar()
    return None if found is None else str(found)


def set_value(engine: Engine, name: str, value: str) -> None:
    """Keep a value in the place of the one before."""
    with engine.begin() as connection:
        connection.execute(SET_VALUE, {"name": name, "value": value})


def ensure_value(engine: Engine, name: str, make: Callable[[], str]) -> str:
    """The value; made where there is none, and the same for all who make one at once."""
    found = find_value(engine, name)
    if found is None:
        with engine.begin() as connection:
            connection.execute(_ADD, {"name": name, "value": make()})
        found = find_value(engine, name)
    return found or ""


def delete_value(engine: Engine, name: str) -> None:
    """Forget a value."""
    with engine.begin() as connection:
        connection.execute(_DELETE, {"name": name})
