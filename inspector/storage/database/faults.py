"""Reasons why a database does not serve, in our own words.

A driver's messages name hosts, users and statements: they go to the server's log, never to
senders.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from inspector.errors import InspectorError

DAMAGED = (
    "its file is damaged or not a database. Stop the server, put a backup in its place or rescue "
    "what can be read with `sqlite3 FILE .recover`, and start again"
)
MISSING = (
    "its file was deleted or moved away. Put it back, or start the server again to begin with a "
    "new one"
)
AWAY = "it does not answer"

# Sentences by a part of SQLite's message, in small letters.
_SQLITE = (
    ("malformed", DAMAGED),
    ("not a database", DAMAGED),
    ("locked", "another program holds it locked"),
    ("busy", "another program holds it locked"),
    ("full", "the disk is full"),
    ("readonly", "it is readonly"),
    ("unable to open", MISSING),
    ("disk i/o error", "the disk does not work or is full"),
    ("no such table", "it has no tables of ours: its file was replaced by another"),
    ("no such column", "its tables are another version's: its file was replaced by another"),
    ("interrupted", AWAY),
)
# Sentences by the beginning of PostgreSQL's SQLSTATE; what meets a wrong table may be one alone.
_WRONG_TABLES = "42"
_POSTGRESQL = (
    ("53", "the database server is out of disk, memory or connections"),
    ("55P03", "another program holds it locked"),
    ("40", "another program holds it locked"),
    ("57014", "it takes too long"),
    ("25006", "it is readonly"),
    (_WRONG_TABLES, "its tables are not those of this version"),
    ("28", "it does not let us in"),
    ("3D", "it was dropped"),
)

# Classes by name: their libraries may never be imported.
_DRIVERS = ("sqlite3", "sqlalchemy", "psycopg")


class LostDatabaseError(Exception):
    """The file that a connection is open to is not the one at its path any more."""

    def __init__(self) -> None:
        super().__init__(MISSING)


class AwayError(Exception):
    """The database did not answer a moment ago: it is not asked again so soon."""

    def __init__(self) -> None:
        super().__init__(AWAY)


def explain(error: BaseException) -> str:
    """The reason for people, as the end of a sentence without its full stop; never SQL."""
    cause = getattr(error, "orig", None) or error
    if isinstance(cause, LostDatabaseError):
        return MISSING
    state = getattr(cause, "sqlstate", None)
    if state or type(cause).__module__.startswith("psycopg"):
        return next((why for begin, why in _POSTGRESQL if (state or "").startswith(begin)), AWAY)
    if isinstance(cause, OSError):
        return (cause.strerror or AWAY).lower()
    said = str(cause).lower()
    return next((why for piece, why in _SQLITE if piece in said), AWAY)


def is_damage(error: BaseException) -> bool:
    """True when the database itself is broken, which no waiting mends."""
    return explain(error) == DAMAGED


def concerns_all(error: BaseException) -> bool:
    """True when every statement would meet this error (a full disk), or perhaps just this one."""
    names = {each.__name__ for each in type(error).__mro__}
    state = getattr(getattr(error, "orig", None) or error, "sqlstate", None) or ""
    return (
        isinstance(error, OSError | LostDatabaseError | AwayError)
        or is_damage(error)
        # For the driver, a server that is readonly is no OperationalError.
        or any(state.startswith(each) for each, _ in _POSTGRESQL if each != _WRONG_TABLES)
        # The last one is a pool's, whose connections are all in use.
        or not names.isdisjoint(("OperationalError", "InterfaceError", "TimeoutError"))
    )


def log_failed(log: logging.Logger, what: str, error: BaseException) -> None:
    """Log what failed: with a traceback, unless it is that the database does not serve.

    Then the reason says it all, and it is met by many at once.
    """
    if isinstance(error, AwayError):
        log.debug("%s: %s.", what, AWAY)
    elif concerns_all(getattr(error, "orig", None) or error):
        log.error("%s: %s.", what, explain(error))
    else:
        log.error("%s.", what, exc_info=error)


@contextmanager
def said_of_database() -> Iterator[None]:
    """Raise database errors within as ``InspectorError`` ``database_unusable``."""
    try:
        yield
    except Exception as error:
        is_driver_s = type(error).__module__.partition(".")[0] in _DRIVERS
        if not is_driver_s or not concerns_all(getattr(error, "orig", None) or error):
            raise
        raise InspectorError(
            "database_unusable", f"The database cannot be used: {explain(error)}."
        ) from error
