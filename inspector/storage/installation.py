"""Values that all processes on a database share, by name."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine, text

_FIND = text("SELECT value FROM installation WHERE name = :name")
_ADD = text(
    "INSERT INTO installation (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING"
)
_SET = text(
    "INSERT INTO installation (name, value) VALUES (:name, :value)"
    " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)


def find_value(engine: Engine, name: str) -> str | None:
    """The value, None where there is none."""
    with engine.connect() as connection:
        found = connection.execute(_FIND, {"name": name}).scalar()
    return None if found is None else str(found)


def set_value(engine: Engine, name: str, value: str) -> None:
    """Keep a value in the place of the one before."""
    with engine.begin() as connection:
        connection.execute(_SET, {"name": name, "value": value})


def ensure_value(engine: Engine, name: str, make: Callable[[], str]) -> str:
    """The value; made where there is none, and the same for all who make one at once."""
    found = find_value(engine, name)
    if found is None:
        with engine.begin() as connection:
            connection.execute(_ADD, {"name": name, "value": make()})
        found = find_value(engine, name)
    return found or ""
