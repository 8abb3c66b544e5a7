"""Bare connections (PEP 249), for the few statements that every capture runs through.

With an engine they come from its pool (``engine``). A SQLite file needs the standard library
only, so that a test's server starts before SQLAlchemy could be imported.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from inspector.clock import time
from inspector.storage.database.faults import LostDatabaseError
from inspector.storage.database.files import FileIdentity, identify

BUSY_TIMEOUT_S = 5.0
# Tests of code above the database may switch syncing off.
SYNCHRONOUS = "FULL"
# The newest migration in migrations/versions; a test keeps the two the same.
HEAD_REVISION = "0023"
# The size to which SQLite's write-ahead log shrinks after a checkpoint.
MAX_LOG_BYTES = 16_000_000
_SCHEMA = Path(__file__).parent.parent / "schema.sql"
_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table'"
_WAL_TRIES = 50


Statement = tuple[str, Mapping[str, Any]]


class StoredAtOnce(NamedTuple):
    """A bin whose highest numbers were given; requests up to ``gone_to`` were let go of."""

    bin_id: int
    last_number: int
    private: bool
    gone_to: int | None


class OneTrip(Protocol):
    """Storing captures in one trip to a database on another machine."""

    def store(
        self, connection: Any, bin_name: str, instance: str, rows: Sequence[Mapping[str, Any]]
    ) -> StoredAtOnce | None:
        """Take numbers of the bin, insert the rows, announce them and commit.

        The rows were answered by no rule. None, and nothing is changed, where that takes more than
        one trip.
        """
        ...

    def is_missing(self, error: Exception) -> bool:
        """True when the database cannot do it at all: it need not be tried again."""
        ...


class Connections(Protocol):
    """Connections to one database, and the statements that it has for captures.

    ``errors`` are the exceptions that using a connection may raise.
    ``tables_by_number`` hold more about requests, by bin and number; ``enqueue`` is one more
    statement for the numbers ``:first`` to ``:last`` of a bin, ``announce`` one for news, ``tell``
    one for news that no number tells.
    ``only_one`` gives true to one transaction at a time; None where one writes at a time anyway.
    ``one_trip`` is None for a file, where there is no trip to save.
    """

    errors: tuple[type[Exception], ...]
    is_sqlite: bool
    tables_by_number: tuple[str, ...]
    enqueue: str | None
    only_one: str | None
    announce: str | None
    tell: str | None
    one_trip: OneTrip | None

    def open(self) -> Any:
        """A connection that begins transactions by itself and may be used by any one thread."""
        ...

    def discard(self, connection: Any) -> None:
        """Close one, which may be broken."""
        ...

    def spell(self, statement: str) -> str:
        """The statement, its parameters written ``:name``, as the driver wants it."""
        ...

    def insert(
        self, cursor: Any, table: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]
    ) -> None:
        """Insert rows by the database's quickest way; they may have more than ``columns``."""
        ...

    def finish(self, connection: Any, cursor: Any, last: Sequence[Statement]) -> None:
        """Execute the last statements and commit; what is done is on disk when this returns."""
        ...

    def verify(self, connection: Any) -> None:
        """Raise ``LostDatabaseError`` when its file was deleted or replaced; costs microseconds."""
        ...

    def enter(self, connection: Any) -> None:
        """Begin a section whose statements are watched: a server may stop answering."""
        ...

    def leave(self, connection: Any) -> None:
        """End the section that ``enter`` began."""
        ...


class SqliteFile:
    """Connections to a SQLite file that is there: none of them makes one."""

    errors: tuple[type[Exception], ...] = (sqlite3.Error, LostDatabaseError)
    is_sqlite = True
    tables_by_number: tuple[str, ...] = ()
    enqueue: str | None = None
    only_one: str | None = None
    announce: str | None = None
    tell: str | None = None
    one_trip: OneTrip | None = None

    def __init__(self, path: Path) -> None:
        self.path = path
        self._opened: dict[int, FileIdentity | None] = {}

    def open(self) -> sqlite3.Connection:
        """A connection, set up."""
        identity = identify(self.path)
        connection = connect_sqlite(self.path)
        self._opened[id(connection)] = identity
        return connection

    def discard(self, connection: sqlite3.Connection) -> None:
        """Close it."""
        self._opened.pop(id(connection), None)
        connection.close()

    def spell(self, statement: str) -> str:
        """The statement itself: SQLite takes ``:name``."""
        return statement

    def insert(
        self, cursor: Any, table: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]
    ) -> None:
        """See ``Connections``."""
        cursor.executemany(format_insert(table, tuple(columns)), rows)

    def finish(
        self, connection: sqlite3.Connection, cursor: Any, last: Sequence[Statement]
    ) -> None:
        """See ``Connections``."""
        for statement, values in last:
            cursor.execute(statement, values)
        connection.commit()

    def verify(self, connection: sqlite3.Connection) -> None:
        """See ``Connections``."""
        if identify(self.path) != self._opened.get(id(connection)):
            raise LostDatabaseError

    def enter(self, connection: sqlite3.Connection) -> None:
        """Nothing to watch: a file answers within its time for locks."""

    def leave(self, connection: sqlite3.Connection) -> None:
        """See ``enter``."""


@lru_cache(maxsize=64)
def format_insert(table: str, columns: tuple[str, ...]) -> str:
    """The statement, with ``:name`` for each column."""
    values = ", ".join(f":{name}" for name in columns)
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values})"  # noqa: S608 - our names


def connect_sqlite(path: Path) -> sqlite3.Connection:
    """A connection to a file that is there, set up; else ``sqlite3.OperationalError``."""
    address = f"{path.absolute().as_uri()}?mode=rw"
    connection = sqlite3.connect(address, uri=True, timeout=BUSY_TIMEOUT_S, check_same_thread=False)
    try:
        set_up_sqlite(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def set_up_sqlite(connection: Any) -> None:
    """Settings of each connection to a SQLite database."""
    cursor = connection.cursor()
    if cursor.execute("PRAGMA page_count").fetchone()[0] == 0:
        # Its free pages can be given back in small steps; in a file with tables this would write.
        cursor.execute("PRAGMA auto_vacuum = INCREMENTAL")
    # Readers never wait for the writer, nor it for them.
    for left in reversed(range(_WAL_TRIES)):
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError as error:  # SQLite does not wait here.
            if "locked" not in str(error) or not left:
                raise
            time.sleep(0.05)
    # A commit is on disk when it returns: what was acknowledged survives a power cut.
    cursor.execute(f"PRAGMA synchronous = {SYNCHRONOUS}")
    # macOS's fsync leaves it to the disk when to write; elsewhere this changes nothing.
    cursor.execute("PRAGMA fullfsync = ON")
    cursor.execute("PRAGMA foreign_keys = ON")
    # Debian's SQLite overwrites all that is deleted: a body of 10 MB takes 150 ms of the lock.
    cursor.execute("PRAGMA secure_delete = FAST").fetchone()
    cursor.execute(f"PRAGMA journal_size_limit = {MAX_LOG_BYTES}").fetchone()
    cursor.close()


def read_revision(connection: sqlite3.Connection) -> tuple[bool, str | None]:
    """Two facts about a database: it has tables of ours, and its revision."""
    tables = {name for (name,) in connection.execute(_TABLES)}
    found = None
    if "alembic_version" in tables:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        found = None if row is None else str(row[0])
    return not tables.isdisjoint({"alembic_version", "bins"}), found


def create_sqlite(connection: sqlite3.Connection) -> None:
    """Our tables in an empty database, in the caller's transaction.

    Replaying the migrations takes much longer to the same end.
    """
    for statement in _SCHEMA.read_text(encoding="utf-8").split(";\n"):
        connection.execute(statement)
    connection.execute("INSERT INTO alembic_version VALUES (?)", (HEAD_REVISION,))


@contextlib.contextmanager
def exclusive(connection: sqlite3.Connection) -> Iterator[None]:
    """A transaction that no other process writes beside, from its first statement on.

    Changes of tables are included, for which the driver would begin no transaction by itself.
    It is not synced: what a power cut undoes is made again, and the next commit syncs.
    """
    before, connection.isolation_level = connection.isolation_level, None
    try:
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.commit()
    except BaseException:
        with contextlib.suppress(sqlite3.Error):  # closed by whoever met the error first
            connection.rollback()
        raise
    finally:
        with contextlib.suppress(sqlite3.ProgrammingError):
            connection.execute(f"PRAGMA synchronous = {SYNCHRONOUS}")
            connection.isolation_level = before
