"""Bare connections (PEP 249), for the few statements that every capture runs through.

Who has an engine takes them from it (``engine``). A SQLite file needs the standard
library only, so that a test's server is up before SQLAlchemy would be imported.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any, Protocol

from inspector.errors import InspectorError

BUSY_TIMEOUT_S = 5.0
# The newest migration in migrations/versions; a test keeps the two the same.
HEAD_REVISION = "0005"
_SCHEMA = Path(__file__).with_name("schema.sql")


class Connections(Protocol):
    """``errors`` is what using one may raise."""

    errors: tuple[type[Exception], ...]

    def open(self) -> Any:
        """A connection that begins transactions by itself and may be used by any one thread."""
        ...

    def discard(self, connection: Any) -> None:
        """Close one, which may be broken."""
        ...

    def spell(self, statement: str) -> str:
        """The statement, its parameters written ``:name``, as the driver wants it."""
        ...


class SqliteFile:
    """Connections to a SQLite file."""

    errors: tuple[type[Exception], ...] = (sqlite3.Error,)

    def __init__(self, path: Path) -> None:
        self.path = path

    def open(self) -> sqlite3.Connection:
        """A connection, set up; makes the file when there is none."""
        connection = sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_S, check_same_thread=False)
        try:
            set_up_sqlite(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def discard(self, connection: sqlite3.Connection) -> None:
        """Close it."""
        connection.close()

    def spell(self, statement: str) -> str:
        """As it is."""
        return statement


def make_private_folder(folder: Path) -> None:
    """Make the folder, readable by its owner alone when it is new."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise InspectorError(
            "data_dir_unusable", f"The folder {folder} cannot be made: {error.strerror}."
        ) from error


def set_up_sqlite(connection: Any) -> None:
    """What each connection to a SQLite database needs."""
    cursor = connection.cursor()
    # Readers never wait for the writer, nor it for them.
    cursor.execute("PRAGMA journal_mode = WAL")
    # A commit is on disk when it returns: what was acknowledged survives a power cut.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def create_sqlite(connection: sqlite3.Connection, path: str | Path | None) -> None:
    """A new database in one step: replaying the migrations takes much longer to the same end.

    ``path`` is None for one in memory. It is not synced by itself: what a power cut
    takes away is made again, and the first bin's commit takes it to disk.
    """
    schema = _SCHEMA.read_text(encoding="utf-8")
    version = f"INSERT INTO alembic_version VALUES ('{HEAD_REVISION}');"  # noqa: S608 - a constant
    connection.executescript(
        f"PRAGMA synchronous = NORMAL;\nBEGIN IMMEDIATE;\n{schema}\n{version}\nCOMMIT;\n"
        "PRAGMA synchronous = FULL;"
    )
    if path is not None:
        os.chmod(path, 0o600)  # noqa: PTH101 - strangers' bytes and our secrets
