"""Opening a database: connection settings, the schema brought up to date, and what went wrong."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask, has_app_context
from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, DisconnectionError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from inspector.errors import DatabaseTooNewError, InspectorError
from inspector.storage.database.connections import (
    HEAD_REVISION,
    OneTrip,
    Statement,
    connect_sqlite,
    create_sqlite,
    exclusive,
    format_insert,
    read_revision,
    set_up_sqlite,
)
from inspector.storage.database.faults import (
    LostDatabaseError,
    concerns_all,
    explain,
)
from inspector.storage.database.files import identify
from inspector.storage.database.postgresql import (
    ANNOUNCE,
    ENQUEUE,
    EXTRAS,
    MIGRATION_LOCK,
    ONLY_ONE,
    TABLES_BY_NUMBER,
    copy_rows,
    finish,
)
from inspector.storage.database.stalls import GUARD, PING_S
from inspector.storage.database.storing import StoringProcedure, format_procedure
from inspector.storage.database.told_news import TELL
from inspector.storage.database.urls import (
    check_url,
    describe_url,
    engine_options,
    is_in_memory,
    strip_options,
)
from inspector.storage.installation import COPY_OF, find_value
from inspector.storage.models import Base, db

# Exported for callers that name the types and speak no SQL.
DatabaseEngine = Engine
DatabaseError = DBAPIError
PoolTimeoutError = PoolTimeout

# How long a statement of PostgreSQL's may take and wait for others' locks.
LOCK_TIMEOUT_S = 4
STATEMENT_TIMEOUT_S = 30
_PARAMETER = re.compile(r":([a-z_]+)")


class EngineConnections:
    """Bare connections of an engine's own, for the writer (see ``connections``)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.is_sqlite = engine.dialect.name == "sqlite"
        self._is_named = engine.dialect.paramstyle in ("named", "qmark")
        driver = engine.dialect.loaded_dbapi
        self.errors: tuple[type[Exception], ...] = (
            driver.Error,
            SQLAlchemyError,
            LostDatabaseError,
        )
        self.tables_by_number: tuple[str, ...] = () if self.is_sqlite else TABLES_BY_NUMBER
        self.enqueue = None if self.is_sqlite else ENQUEUE
        self.only_one = None if self.is_sqlite else ONLY_ONE
        self.announce = None if self.is_sqlite else ANNOUNCE
        self.tell = None if self.is_sqlite else TELL
        self.one_trip: OneTrip | None = None if self.is_sqlite else StoringProcedure()
        self._path = find_path(engine)

    def open(self) -> Any:
        """One from the pool."""
        return self._engine.raw_connection()

    def discard(self, connection: Any) -> None:
        """Close it; the pool makes a new one when one is wanted."""
        connection.invalidate()

    def spell(self, statement: str) -> str:
        """The statement with the driver's parameters: ``:name``, or ``%(name)s`` for PostgreSQL."""
        return statement if self._is_named else _PARAMETER.sub(r"%(\1)s", statement)

    def insert(
        self, cursor: Any, table: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]
    ) -> None:
        """See ``Connections``."""
        if self.is_sqlite:
            cursor.executemany(format_insert(table, tuple(columns)), rows)
        else:
            copy_rows(cursor, table, columns, rows)

    def finish(self, connection: Any, cursor: Any, last: Sequence[Statement]) -> None:
        """See ``Connections``."""
        if not self.is_sqlite:
            finish(connection.driver_connection, cursor, last)
            return
        for statement, values in last:
            cursor.execute(statement, values)
        connection.commit()

    def verify(self, connection: Any) -> None:
        """See ``Connections``."""
        path = self._path
        if path is not None and identify(path) != connection.info.get("file"):
            raise LostDatabaseError

    def enter(self, connection: Any) -> None:
        """See ``Connections``."""
        if not self.is_sqlite:
            GUARD.enter(connection.driver_connection)

    def leave(self, connection: Any) -> None:
        """See ``Connections``."""
        if not self.is_sqlite:
            GUARD.leave(connection.driver_connection)


def attach_database(app: Flask, database_url: str) -> Engine:
    """Give the application its database, opened and up to date; raises as ``open_database``."""
    url = check_url(database_url)
    app.config["SQLALCHEMY_DATABASE_URI"] = strip_options(url)
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(url)
    db.init_app(app)
    with app.app_context():
        open_database(db.engine)
        copy_of = find_value(db.engine, COPY_OF)
        if copy_of is not None:
            db.engine.dispose()
            raise InspectorError(
                "copy_unfinished",
                f"The database {describe_url(db.engine.url)} is an unfinished copy of {copy_of}. "
                "Finish it by the same `inspector copy`, or begin with an empty one.",
            )
        return db.engine


def open_database(engine: Engine) -> None:
    """Set up each connection and bring the schema to this program's revision.

    Raises ``DatabaseTooNewError`` for one that a newer program wrote, and
    ``database_unusable`` when the database does not answer.
    """
    set_up_connections(engine)
    with named_in_errors(engine):
        _bring_up_to_date(engine)


@contextmanager
def named_in_errors(engine: Engine) -> Iterator[None]:
    """Raise database errors within as ``database_unusable``, with this one's name and its reason.

    For whoever runs a command, not for strangers: the reason is the driver's own.
    """
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        why = str(cause).strip().partition("\n")[0].rstrip(".")
        raise InspectorError(
            "database_unusable", f"The database {describe_url(engine.url)} cannot be used: {why}."
        ) from error


def make_engine(url: URL) -> Engine:
    """An engine for a URL of ``check_url``'s, its connections set up."""
    engine = create_engine(strip_options(url), **engine_options(url))
    set_up_connections(engine)
    return engine


def set_up_connections(engine: Engine) -> None:
    """Set up an engine's connections: check of the file, timeouts."""
    if event.contains(engine, "connect", _mark):
        return
    event.listen(engine, "connect", _mark)
    if engine.dialect.name == "sqlite":
        _watch_file(engine)
    else:
        _limit_waiting(engine)


def _mark(_connection: object, _record: object) -> None:
    """The event listener that marks an engine as set up."""


def release_connection() -> None:
    """Give this context's connection back to the pool; the next query takes another.

    Between two queries that only read, as nothing is committed.
    """
    if has_app_context():
        db.session.rollback()


def find_path(engine: Engine) -> Path | None:
    """The file of a SQLite database; None for one in memory, and for PostgreSQL."""
    url = engine.url
    if url.get_backend_name() != "sqlite" or is_in_memory(url):
        return None
    return Path(str(url.database)).absolute()


def find_trouble(error: DBAPIError) -> str | None:
    """The reason why a database is unusable: locked, full, away. None for our own mistakes."""
    return explain(error) if concerns_all(error) or concerns_all(error.orig or error) else None


def _watch_file(engine: Engine) -> None:
    """Refuse connections to a file that was deleted or replaced, and never create one."""
    path = find_path(engine)

    def connect(_dialect: object, _record: object, _args: Any, _options: Any) -> Any:
        return None if path is None else connect_sqlite(path)

    def set_up(connection: Any, record: Any) -> None:
        if path is None:
            set_up_sqlite(connection)
        else:
            record.info["file"] = identify(path)

    def check(_connection: Any, record: Any, _proxy: object) -> None:
        if path is not None and identify(path) != record.info.get("file"):
            raise DisconnectionError

    event.listen(engine, "do_connect", connect)
    event.listen(engine, "connect", set_up)
    event.listen(engine, "checkout", check)


def _set_up_postgresql(connection: Any) -> None:
    """Bounds of a connection's waiting; a pooler lets us in while the server behind it hangs."""
    GUARD.enter(connection, PING_S)
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = '{LOCK_TIMEOUT_S}s'")
            cursor.execute(f"SET statement_timeout = '{STATEMENT_TIMEOUT_S}s'")
        connection.commit()
    finally:
        GUARD.leave(connection)


def _limit_waiting(engine: Engine) -> None:
    """Timeouts for a PostgreSQL server that is locked, stopped or gone."""

    def set_up(connection: Any, record: Any) -> None:
        record.info["is_new"] = True
        if "options" not in engine.url.query:
            _set_up_postgresql(connection)

    def check(connection: Any, record: Any, _proxy: object) -> None:
        if record.info.pop("is_new", False):
            return
        GUARD.enter(connection, PING_S)
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            connection.rollback()
        except engine.dialect.loaded_dbapi.Error as error:
            raise DisconnectionError from error
        finally:
            GUARD.leave(connection)

    def enter(connection: Connection, *_more: Any) -> None:
        if "is_patient" not in connection.info:
            GUARD.enter(connection.connection.driver_connection, STATEMENT_TIMEOUT_S + 5)

    def leave(connection: Connection, *_more: Any) -> None:
        GUARD.leave(connection.connection.driver_connection)

    def end(connection: Any, _record: object) -> None:
        GUARD.leave(connection)

    event.listen(engine, "connect", set_up)
    event.listen(engine, "checkout", check)
    event.listen(engine, "before_cursor_execute", enter)
    event.listen(engine, "commit", enter)
    event.listen(engine, "after_cursor_execute", leave)
    event.listen(engine, "checkin", end)


def _bring_up_to_date(engine: Engine) -> None:
    with engine.connect() as connection:
        if find_revision(connection)[1] == HEAD_REVISION:
            return
    with _only_one(engine) as connection:
        has_tables, found = find_revision(connection)
        if found == HEAD_REVISION:  # Another was quicker.
            return
        if has_tables:
            _migrate(connection, found)
        else:
            _create(connection)


def find_revision(connection: Connection) -> tuple[bool, str | None]:
    """Two facts about a database: it has tables of ours, and their revision."""
    if connection.dialect.name == "sqlite":
        bare: Any = connection.connection.driver_connection
        return read_revision(bare)
    tables = set(inspect(connection).get_table_names())
    found = None
    if "alembic_version" in tables:
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return not tables.isdisjoint({"alembic_version", "bins"}), found


@contextmanager
def _only_one(engine: Engine) -> Iterator[Connection]:
    """A transaction that changes tables all or not at all, one process at a time."""
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            bare: Any = connection.connection.driver_connection
            with exclusive(bare), connection.begin():
                yield connection
            return
        connection.info["is_patient"] = True
        with connection.begin():
            connection.execute(text("SET LOCAL lock_timeout = 0"))
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            yield connection
        del connection.info["is_patient"]


def _create(connection: Connection) -> None:
    """A new database in one step: replaying the migrations takes much longer to the same end."""
    if connection.dialect.name == "sqlite":
        bare: Any = connection.connection.driver_connection
        create_sqlite(bare)
        return
    Base.metadata.create_all(connection)
    for statement in (*EXTRAS, format_procedure()):
        connection.exec_driver_sql(statement)
    connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
    connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD_REVISION})


def _migrate(connection: Connection, found: str | None) -> None:
    from inspector.storage.database.migrate import (
        migrate,  # Alembic is slow to import and seldom needed
    )

    try:
        migrate(connection)
    except LookupError as error:
        raise DatabaseTooNewError(str(found), HEAD_REVISION) from error
